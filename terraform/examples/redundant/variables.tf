variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-central-1"
}

variable "domain" {
  description = "Host name of the gateway."
  type        = string
}

variable "zone_id" {
  description = "Route 53 hosted zone of the domain."
  type        = string
}

variable "image" {
  description = "Image of the gateway."
  type        = string
}

variable "admin_key_secret" {
  description = "ARN of the secret with the administrator's API key."
  type        = string
}

variable "nats_archive" {
  description = "Where the instances download the release of nats-server from."
  type        = string
}

variable "nats_sha256" {
  description = "Digest of that release."
  type        = string
}

variable "passwords" {
  description = "Passwords of PostgreSQL and NATS, from the environment: TF_VAR_passwords."
  type = object({
    postgres = string
    nats     = string
  })
  sensitive = true
  ephemeral = true
}
