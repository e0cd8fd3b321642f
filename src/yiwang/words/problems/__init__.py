"""Problem codes with their status and sentences, one YAML file for each room."""
