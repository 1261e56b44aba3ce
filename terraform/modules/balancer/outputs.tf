output "security_group_id" {
  description = "Security group of the balancer."
  value       = aws_security_group.this.id
}

output "dns_name" {
  description = "Name that AWS gave the balancer."
  value       = aws_lb.this.dns_name
}

output "arn_suffix" {
  description = "As CloudWatch names the balancer."
  value       = aws_lb.this.arn_suffix
}

output "http_target_arn" {
  description = "Target group of port 9000."
  # Known once the listener forwards to it: a service that registers earlier is refused.
  value      = aws_lb_target_group.http.arn
  depends_on = [aws_lb_listener.tls]
}

output "http_target_suffix" {
  description = "As CloudWatch names that group."
  value       = aws_lb_target_group.http.arn_suffix
}

output "grpc_target_arn" {
  description = "Target group of port 4025."
  value       = aws_lb_target_group.grpc.arn
  depends_on  = [aws_lb_listener_rule.grpc]
}

output "listener" {
  description = "What clients connect to, and how the balancer finds out which gateways are ready."
  value = {
    protocol          = aws_lb_listener.tls.protocol
    port              = aws_lb_listener.tls.port
    tls_policy        = aws_lb_listener.tls.ssl_policy
    health_check_path = aws_lb_target_group.http.health_check[0].path
  }
}
