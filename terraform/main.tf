locals {
  nats_urls = var.nats == null ? [] : [for address in module.nats[0].addresses : "nats://${address}:4222"]
}

module "network" {
  source = "./modules/network"

  name         = var.name
  cidr         = var.vpc_cidr
  nat_gateways = var.nat_gateways
}

module "balancer" {
  source = "./modules/balancer"

  name             = var.name
  vpc_id           = module.network.vpc_id
  subnet_ids       = module.network.public_subnet_ids
  clients          = var.clients
  domain           = var.domain
  zone_id          = var.zone_id
  tls_policy       = var.tls_policy
  gateway_group_id = module.gateways.security_group_id
}

module "secrets" {
  source = "./modules/secrets"

  name             = var.name
  nats             = var.nats != null
  passwords        = var.passwords
  password_version = var.password_version
}

module "postgres" {
  source = "./modules/postgres"

  name             = var.name
  vpc_id           = module.network.vpc_id
  subnet_ids       = module.network.private_subnet_ids
  gateway_group_id = module.gateways.security_group_id
  database         = var.postgres
  password         = var.passwords.postgres
  password_version = var.password_version
}

module "nats" {
  source = "./modules/nats"
  count  = var.nats == null ? 0 : 1

  name             = var.name
  vpc_id           = module.network.vpc_id
  subnets          = module.network.private_subnets
  gateway_group_id = module.gateways.security_group_id
  servers          = var.nats
  secret_arn       = module.secrets.nats_secret_arn
}

module "gateways" {
  source = "./modules/gateways"

  name              = var.name
  image             = var.image
  gateways          = var.gateways
  vpc_id            = module.network.vpc_id
  subnet_ids        = module.network.private_subnet_ids
  balancer_group_id = module.balancer.security_group_id
  http_target_arn   = module.balancer.http_target_arn
  grpc_target_arn   = module.balancer.grpc_target_arn

  environment = merge(
    {
      SLUICE_HOST            = "0.0.0.0"
      SLUICE_HOSTS           = var.domain
      SLUICE_TRUSTED_PROXIES = join(",", module.network.public_cidrs)
      SLUICE_DRAIN_GRACE_MS  = "20000"
      DATABASE_URL           = module.postgres.url
    },
    var.nats == null ? {} : {
      NATS_URL             = join(",", local.nats_urls)
      NATS_USER            = "sluice"
      SLUICE_NATS_REPLICAS = "3"
    },
    var.settings,
  )

  secrets = merge(
    {
      SLUICE_ADMIN_KEY = var.admin_key_secret
      PGPASSWORD       = module.secrets.postgres_secret_arn
    },
    var.nats == null ? {} : {
      NATS_PASSWORD = module.secrets.nats_secret_arn
    },
  )
}

module "alarms" {
  source = "./modules/alarms"

  name            = var.name
  topic_arn       = var.alarm_topic
  balancer_suffix = module.balancer.arn_suffix
  target_suffix   = module.balancer.http_target_suffix
  cluster_name    = module.gateways.cluster_name
  service_name    = module.gateways.service_name
  gateways        = var.gateways.count
  database_id     = module.postgres.id
  storage_gb      = var.postgres.storage_gb
  nats_instances  = var.nats == null ? {} : module.nats[0].instances
}
