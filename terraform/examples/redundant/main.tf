# Everything is there more than once: gateways in three zones, the log in three NATS servers with three
# replicas, PostgreSQL with a standby. It survives the loss of a zone.
module "sluice" {
  source = "../.."

  domain           = var.domain
  zone_id          = var.zone_id
  image            = var.image
  admin_key_secret = var.admin_key_secret
  passwords        = var.passwords

  nat_gateways = 3
  gateways     = { count = 3, cpu = 2048, memory = 4096 }
  postgres     = { instance_class = "db.m7g.large", storage_gb = 200, storage_gb_max = 1000, multi_az = true }

  nats = {
    archive       = var.nats_archive
    sha256        = var.nats_sha256
    instance_type = "m7g.medium"
    volume_gb     = 200
    volume_iops   = 3000
  }
}
