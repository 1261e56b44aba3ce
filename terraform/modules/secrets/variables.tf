variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "nats" {
  description = "Whether there are NATS servers."
  type        = bool
}

variable "passwords" {
  description = "Of PostgreSQL and NATS."
  type = object({
    postgres = string
    nats     = optional(string)
  })
  ephemeral = true
}

variable "password_version" {
  description = "A higher number takes new passwords."
  type        = number
}
