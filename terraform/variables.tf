variable "name" {
  description = "Prefix of the name of everything that is created."
  type        = string
  default     = "sluice"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "name must be 2 to 20 of a-z, 0-9 and -, and begin with a letter."
  }
}

variable "domain" {
  description = "Host name of the gateway, such as sluice.example.com. The certificate and the record are for it."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be a host name in lower case, such as sluice.example.com."
  }
}

variable "zone_id" {
  description = "Route 53 hosted zone that `domain` is in."
  type        = string

  validation {
    condition     = can(regex("^Z[A-Z0-9]+$", var.zone_id))
    error_message = "zone_id must be the id of a hosted zone, such as Z0123456789ABC."
  }
}

variable "image" {
  description = "Image of the gateway, built from this repository's Dockerfile, in a registry that the account can read. Name a version or a digest, not `latest`."
  type        = string

  validation {
    condition     = can(regex("(:[^/]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image must end with a tag other than latest, or with a digest."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network, a /16 to /22."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 22, false)
    error_message = "vpc_cidr must be a network such as 10.40.0.0/16, from /16 to /22."
  }
}

variable "clients" {
  description = "Networks that may reach the balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.clients) > 0 && alltrue([for cidr in var.clients : can(cidrhost(cidr, 0))])
    error_message = "clients must be networks such as 203.0.113.0/24, at least one."
  }
}

variable "tls_policy" {
  description = "Security policy of the TLS listener. The default takes TLS 1.3, and TLS 1.2 with forward secrecy."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

  validation {
    condition     = can(regex("^ELBSecurityPolicy-TLS13-1-[23]", var.tls_policy))
    error_message = "tls_policy must be one of the policies with TLS 1.3 and nothing older than TLS 1.2."
  }
}

variable "gateways" {
  description = "Number of gateways, and what each of them has: CPU units (1024 are one vCPU) and MiB, as Fargate combines them."
  type = object({
    count  = number
    cpu    = number
    memory = number
  })
  default = { count = 2, cpu = 2048, memory = 4096 }

  validation {
    condition     = var.gateways.count >= 1 && var.gateways.count <= 20 && floor(var.gateways.count) == var.gateways.count
    error_message = "gateways.count must be a whole number from 1 to 20."
  }

  validation {
    condition     = contains([512, 1024, 2048, 4096, 8192], var.gateways.cpu) && var.gateways.memory >= 2 * var.gateways.cpu && var.gateways.memory <= 8 * var.gateways.cpu
    error_message = "gateways.cpu must be 512, 1024, 2048, 4096 or 8192, and gateways.memory 2 to 8 MiB for each unit."
  }
}

variable "nats" {
  description = <<-E
    The log in three NATS servers, one in each zone; null stores it in PostgreSQL. `archive` is where an instance downloads
    the release of nats-server from (a .tar.gz for its architecture, such as an object that you keep), `sha256` its digest.
  E
  type = object({
    archive       = string
    sha256        = string
    instance_type = optional(string, "t4g.medium")
    volume_gb     = optional(number, 100)
    volume_iops   = optional(number, 3000)
  })
  default = null

  validation {
    condition     = var.nats == null || can(regex("^https://", var.nats.archive))
    error_message = "nats.archive must be an https:// address."
  }

  validation {
    condition     = var.nats == null || can(regex("^[0-9a-f]{64}$", var.nats.sha256))
    error_message = "nats.sha256 must be 64 hexadecimal digits."
  }

  validation {
    condition     = var.nats == null || try(var.nats.volume_gb >= 10 && var.nats.volume_iops >= 3000, false)
    error_message = "nats.volume_gb must be at least 10, nats.volume_iops at least 3000."
  }
}

variable "postgres" {
  description = "The database: class, storage, whether a standby in another zone takes over, days of backups, and whether it can be deleted."
  type = object({
    instance_class      = optional(string, "db.t4g.medium")
    storage_gb          = optional(number, 100)
    storage_gb_max      = optional(number, 500)
    multi_az            = optional(bool, true)
    backup_days         = optional(number, 7)
    deletion_protection = optional(bool, true)
  })
  default = {}

  validation {
    condition     = var.postgres.storage_gb >= 20 && var.postgres.storage_gb_max > var.postgres.storage_gb
    error_message = "postgres.storage_gb must be at least 20, and postgres.storage_gb_max more than that."
  }

  validation {
    condition     = var.postgres.backup_days >= 1 && var.postgres.backup_days <= 35
    error_message = "postgres.backup_days must be 1 to 35."
  }
}

variable "nat_gateways" {
  description = "1: all zones reach the internet through one, which costs less. 3: one in each zone."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 3], var.nat_gateways)
    error_message = "nat_gateways must be 1 or 3."
  }
}

variable "admin_key_secret" {
  description = "ARN of a secret in Secrets Manager that has the administrator's API key. Create it before: Terraform then never sees the key."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:secretsmanager:", var.admin_key_secret))
    error_message = "admin_key_secret must be the ARN of a secret in Secrets Manager."
  }
}

variable "settings" {
  description = "More settings of the gateways, as docs/settings.md lists them. Secrets do not belong here."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "SLUICE_")]) && !anytrue([for name in keys(var.settings) : can(regex("_(KEY|SECRET|PASSWORD|TOKEN)$", name))])
    error_message = "settings must be SLUICE_…, and none that ends with KEY, SECRET, PASSWORD or TOKEN."
  }
}

variable "alarm_topic" {
  description = "ARN of an SNS topic that alarms are sent to; null creates one."
  type        = string
  default     = null
}

variable "passwords" {
  description = <<-E
    Passwords that the gateways have at PostgreSQL and, if there is `nats`, at NATS; 16 to 64 letters and digits. They are
    in no state and no plan. Once they are stored, other values change nothing until `password_version` is raised.
  E
  type = object({
    postgres = string
    nats     = optional(string)
  })
  sensitive = true
  ephemeral = true

  validation {
    condition     = can(regex("^[A-Za-z0-9]{16,64}$", var.passwords.postgres))
    error_message = "passwords.postgres must be 16 to 64 letters and digits."
  }

  validation {
    condition     = var.nats == null || can(regex("^[A-Za-z0-9]{16,64}$", var.passwords.nats))
    error_message = "passwords.nats must be 16 to 64 letters and digits."
  }
}

variable "password_version" {
  description = "Raise it to change the passwords; replace the NATS servers and the gateways afterwards."
  type        = number
  default     = 1

  validation {
    condition     = var.password_version >= 1 && floor(var.password_version) == var.password_version
    error_message = "password_version must be a whole number from 1."
  }
}
