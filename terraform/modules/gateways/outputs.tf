output "security_group_id" {
  description = "Security group of the gateways."
  value       = aws_security_group.this.id
}

output "cluster_name" {
  description = "The ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "service_name" {
  description = "The ECS service."
  value       = aws_ecs_service.this.name
}

output "log_group" {
  description = "Where the gateways' log is."
  value       = aws_cloudwatch_log_group.this.name
}
