# One gateway, the log in PostgreSQL, no standby: it ends where its zone ends.
module "sluice" {
  source = "../.."

  domain           = var.domain
  zone_id          = var.zone_id
  image            = var.image
  admin_key_secret = var.admin_key_secret
  passwords        = var.passwords

  gateways = { count = 1, cpu = 1024, memory = 2048 }
  postgres = { instance_class = "db.t4g.small", storage_gb = 50, storage_gb_max = 200, multi_az = false }
}
