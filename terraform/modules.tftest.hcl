# What single modules must not do, by the plan of a mocked provider.

mock_provider "aws" {}

run "alarms" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    name            = "sluice"
    topic_arn       = null
    balancer_suffix = "app/sluice/1"
    target_suffix   = "targetgroup/sluice/1"
    cluster_name    = "sluice"
    service_name    = "sluice"
    gateways        = 2
    database_id     = "sluice"
    storage_gb      = 100
    nats_instances  = {}
  }

  assert {
    condition     = aws_sns_topic.this[0].kms_master_key_id == null
    error_message = "CloudWatch must be able to publish to the topic"
  }
}

run "claims" {
  command = plan

  module {
    source = "./modules/balancer"
  }

  variables {
    name             = "sluice"
    vpc_id           = "vpc-1"
    subnet_ids       = ["subnet-1", "subnet-2", "subnet-3"]
    clients          = ["0.0.0.0/0"]
    domain           = "sluice.example.com"
    zone_id          = "Z0123456789ABC"
    tls_policy       = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    gateway_group_id = "sg-1"
  }

  assert {
    condition = toset([for rule in aws_lb_listener_rule.claims : one(one(rule.condition).http_header).http_header_name]) == toset([
      "forwarded",
      "x-forwarded-host",
    ])
    error_message = "a client must not choose its address or its host"
  }

  assert {
    condition     = alltrue([for rule in aws_lb_listener_rule.claims : rule.priority < aws_lb_listener_rule.grpc.priority])
    error_message = "calls of gRPC must not pass by the rules"
  }
}
