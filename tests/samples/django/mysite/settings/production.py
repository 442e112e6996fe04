from .base import *

DEBUG = False
ALLOWED_HOSTS = ["www.example.org"]
EMAIL_HOST = "relay.example.org"
