"""Tests of reading Kubernetes objects and of who reaches whom, with judges from elsewhere."""
