"""What tests share: rendering through the real helm, copies of the project to change."""
