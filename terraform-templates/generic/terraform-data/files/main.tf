resource "terraform_data" "<<name>>" {
  input = "<<value>>"
}

output "<<name>>" {
  description = "<<description>>"
  value       = terraform_data.<<name>>.output
}
