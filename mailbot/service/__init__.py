"""What runs unattended."""
