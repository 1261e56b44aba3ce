resource "aws_security_group" "this" {
  name_prefix = "${var.name}-balancer-"
  description = "The balancer of ${var.name}"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = toset(var.clients)

  security_group_id = aws_security_group.this.id
  description       = "HTTPS of clients"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "gateways" {
  for_each = { http = 9000, grpc = 4025 }

  security_group_id            = aws_security_group.this.id
  description                  = "To the gateways: ${each.key}"
  referenced_security_group_id = var.gateway_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  internal           = false
  security_groups    = [aws_security_group.this.id]
  subnets            = var.subnet_ids

  # Streams send a heartbeat every 15 s; a client may be silent for longer.
  idle_timeout               = 3600
  drop_invalid_header_fields = true
  enable_http2               = true
}

resource "aws_lb_target_group" "http" {
  name        = "${var.name}-http"
  vpc_id      = var.vpc_id
  target_type = "ip"
  protocol    = "HTTP"
  port        = 9000

  # A gateway that stops answers 503 here first, and ends its streams with their position.
  deregistration_delay = 30
  # Streams last long: a new gateway would otherwise get its share only as clients come back.
  load_balancing_algorithm_type = "least_outstanding_requests"

  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 5
    timeout             = 4
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_target_group" "grpc" {
  name             = "${var.name}-grpc"
  vpc_id           = var.vpc_id
  target_type      = "ip"
  protocol         = "HTTP"
  protocol_version = "GRPC"
  port             = 4025

  deregistration_delay          = 30
  load_balancing_algorithm_type = "least_outstanding_requests"

  health_check {
    path                = "/grpc.health.v1.Health/Check"
    matcher             = "0"
    interval            = 5
    timeout             = 4
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_acm_certificate" "this" {
  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# One name, so one record.
locals {
  validation = one(aws_acm_certificate.this.domain_validation_options)
}

resource "aws_route53_record" "validation" {
  zone_id         = var.zone_id
  name            = local.validation.resource_record_name
  type            = local.validation.resource_record_type
  records         = [local.validation.resource_record_value]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [aws_route53_record.validation.fqdn]
}

resource "aws_lb_listener" "tls" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTPS"
  port              = 443
  ssl_policy        = var.tls_policy
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.http.arn
  }
}

# gRPC has a port of its own at the gateways, and shares this one with HTTP.
resource "aws_lb_listener_rule" "grpc" {
  listener_arn = aws_lb_listener.tls.arn
  priority     = 10

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.grpc.arn
  }

  condition {
    http_header {
      http_header_name = "content-type"
      values           = ["application/grpc", "application/grpc+*"]
    }
  }
}

# The gateways believe the balancer about who calls, and it passes on what a client claims with these.
resource "aws_lb_listener_rule" "claims" {
  for_each = { forwarded = 1, x-forwarded-host = 2 }

  listener_arn = aws_lb_listener.tls.arn
  priority     = each.value

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "The header ${each.key} is refused"
      status_code  = "400"
    }
  }

  condition {
    http_header {
      http_header_name = each.key
      values           = ["*"]
    }
  }
}

resource "aws_route53_record" "this" {
  zone_id = var.zone_id
  name    = var.domain
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}
