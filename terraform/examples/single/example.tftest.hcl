# A plan with a mocked provider: no account is needed.

mock_provider "aws" {
  override_data {
    target = module.sluice.module.network.data.aws_availability_zones.available
    values = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c", "eu-central-1d"] }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  domain           = "sluice.example.com"
  zone_id          = "Z0123456789ABC"
  image            = "example.com/sluice:0.1.0"
  admin_key_secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin"
  passwords        = { postgres = "notapasswordofanyone" }
}

run "single" {
  command = plan

  assert {
    condition     = module.sluice.assurances.listener.protocol == "HTTPS" && module.sluice.assurances.listener.port == 443
    error_message = "clients must come in over TLS"
  }

  assert {
    condition     = startswith(module.sluice.assurances.listener.tls_policy, "ELBSecurityPolicy-TLS13-")
    error_message = "the listener must have TLS 1.3"
  }

  assert {
    condition     = module.sluice.assurances.listener.health_check_path == "/readyz"
    error_message = "a gateway that drains must lose its requests"
  }

  assert {
    condition     = !module.sluice.assurances.database.public && module.sluice.assurances.database.encrypted
    error_message = "the database must be private and encrypted"
  }

  assert {
    condition     = length(module.sluice.nats_instances) == 0
    error_message = "the log must be in PostgreSQL"
  }
}
