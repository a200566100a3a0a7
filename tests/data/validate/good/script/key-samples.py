"""Shows what keys look like. The documented example key of a cloud is AKIAIOSFODNN7EXAMPLE."""
import os
import re

PATTERNS = {"github": r"ghp_[A-Za-z0-9]{36}", "aws": r"AKIA[0-9A-Z]{16}", "pem": "-----BEGIN PRIVATE KEY-----"}
SAMPLE = "token = ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
URL = "postgres://user:password@localhost:5432/db"

for name, pattern in PATTERNS.items():
    print(name, bool(re.search(pattern, SAMPLE + " AKIAIOSFODNN7EXAMPLE")))
print(URL.split("@")[1], os.environ.get("API_KEY", "your-api-key-here"))
