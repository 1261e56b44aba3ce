output "addresses" {
  description = "Of the servers."
  value       = values(local.addresses)
}

output "instances" {
  description = "Ids of the instances, by the server's name."
  value       = { for name, instance in aws_instance.this : name => instance.id }
}

output "volumes" {
  description = "Zone of each server's volume, and whether it is encrypted."
  value       = { for name, volume in aws_ebs_volume.this : name => { zone = volume.availability_zone, encrypted = volume.encrypted } }
}
