data "aws_region" "current" {}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

locals {
  ports = { http = 9000, grpc = 4025 }
  # `arn…:json-key:stage:version` names one value of a secret; rights are for the secret.
  secret_arns = distinct([for value in values(var.secrets) : join(":", slice(split(":", value), 0, 7))])
}

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-gateways-"
  description = "The gateways of ${var.name}"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "balancer" {
  for_each = local.ports

  security_group_id            = aws_security_group.this.id
  description                  = "From the balancer: ${each.key}"
  referenced_security_group_id = var.balancer_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.this.id
  description       = "PostgreSQL, NATS, the image, secrets, logs, keys of tokens"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/gateways"
  retention_in_days = 30
}

# What starts the task: it pulls the image, reads the named secrets and writes the log.
resource "aws_iam_role" "execution" {
  name_prefix        = "${var.name}-start-"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = local.secret_arns
  }

  statement {
    sid       = "SignIn"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "Image"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    resources = ["arn:aws:ecr:*:*:repository/*"]
  }
}

resource "aws_iam_role_policy" "execution" {
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

# What the gateway itself may do in the account: nothing.
resource "aws_iam_role" "task" {
  name_prefix        = "${var.name}-gateway-"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.gateways.cpu
  memory                   = var.gateways.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([
    {
      name                   = "gateway"
      image                  = var.image
      essential              = true
      readonlyRootFilesystem = true
      # Longer than the drain, so that every stream is sent its last position.
      stopTimeout  = 90
      portMappings = [for name, port in local.ports : { name = name, containerPort = port, protocol = "tcp" }]
      environment  = [for name, value in var.environment : { name = name, value = value }]
      secrets      = [for name, value in var.secrets : { name = name, valueFrom = value }]
      # The schema compiler's input and output; everything else is read-only.
      mountPoints = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
      ulimits     = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]

      linuxParameters = {
        initProcessEnabled = true
        capabilities       = { drop = ["ALL"], add = [] }
      }

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this.name
          awslogs-region        = data.aws_region.current.name
          awslogs-stream-prefix = "gateway"
        }
      }
    },
  ])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = var.gateways.count
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"

  # A new gateway is ready before an old one drains.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60
  availability_zone_rebalancing      = "ENABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = var.http_target_arn
    container_name   = "gateway"
    container_port   = local.ports.http
  }

  load_balancer {
    target_group_arn = var.grpc_target_arn
    container_name   = "gateway"
    container_port   = local.ports.grpc
  }

  depends_on = [aws_iam_role_policy.execution]
}
