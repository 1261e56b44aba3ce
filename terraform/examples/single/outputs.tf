output "sluice" {
  description = "All outputs of the module."
  value       = module.sluice
}
