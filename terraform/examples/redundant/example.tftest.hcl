# A plan with a mocked provider: no account is needed.

mock_provider "aws" {
  override_data {
    target = module.sluice.module.network.data.aws_availability_zones.available
    values = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c", "eu-central-1d"] }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_ec2_instance_type" {
    defaults = { supported_architectures = ["arm64"] }
  }
}

variables {
  domain           = "sluice.example.com"
  zone_id          = "Z0123456789ABC"
  image            = "example.com/sluice:0.1.0"
  admin_key_secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin"
  passwords        = { postgres = "notapasswordofanyone", nats = "norapasswordofanyone" }
  nats_archive     = "https://artefacts.example.com/nats-server.tar.gz"
  nats_sha256      = "0000000000000000000000000000000000000000000000000000000000000000"
}

run "redundant" {
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
    condition     = module.sluice.assurances.database.standby
    error_message = "the database must have a standby"
  }

  assert {
    condition     = toset([for volume in module.sluice.assurances.nats_volumes : volume.zone]) == toset(["eu-central-1a", "eu-central-1b", "eu-central-1c"])
    error_message = "the NATS servers must be in three zones"
  }

  assert {
    condition     = length(module.sluice.assurances.nats_volumes) == 3 && alltrue([for volume in module.sluice.assurances.nats_volumes : volume.encrypted])
    error_message = "the volumes of the log must be encrypted"
  }
}
