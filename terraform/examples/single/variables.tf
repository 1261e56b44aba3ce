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

variable "passwords" {
  description = "Passwords of PostgreSQL, from the environment: TF_VAR_passwords."
  type = object({
    postgres = string
  })
  sensitive = true
  ephemeral = true
}
