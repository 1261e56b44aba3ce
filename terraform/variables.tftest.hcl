# What the variables refuse, by the plan of a mocked provider.

mock_provider "aws" {
  override_data {
    target = module.network.data.aws_availability_zones.available
    values = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
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

run "names" {
  command = plan

  variables {
    name     = "Sluice"
    domain   = "https://sluice.example.com"
    zone_id  = "example.com"
    image    = "example.com/sluice:latest"
    vpc_cidr = "10.0.0.0/8"
    clients  = []
  }

  expect_failures = [var.name, var.domain, var.zone_id, var.image, var.vpc_cidr, var.clients]
}

run "sizes" {
  command = plan

  variables {
    gateways     = { count = 0, cpu = 1000, memory = 128 }
    postgres     = { storage_gb = 5, backup_days = 0 }
    nat_gateways = 2
  }

  expect_failures = [var.gateways, var.postgres, var.nat_gateways]
}

run "secrets" {
  command = plan

  variables {
    tls_policy       = "ELBSecurityPolicy-2016-08"
    admin_key_secret = "slk_secret"
    settings         = { SLUICE_JWT_SECRET = "text" }
    passwords        = { postgres = "short" }
    password_version = 0
  }

  expect_failures = [var.tls_policy, var.admin_key_secret, var.settings, var.passwords, var.password_version]
}

run "nats" {
  command = plan

  variables {
    nats = { archive = "http://example.com/nats.tar.gz", sha256 = "abc", volume_gb = 1 }
  }

  expect_failures = [var.nats]
}

run "nats_without_password" {
  command = plan

  variables {
    nats = {
      archive = "https://example.com/nats.tar.gz"
      sha256  = "0000000000000000000000000000000000000000000000000000000000000000"
    }
  }

  expect_failures = [var.passwords]
}
