import os

from sentry.conf.server import *

SENTRY_OPTIONS["mail.password"] = os.environ.get("SENTRY_EMAIL_PASSWORD")
if "MAIL_HOST" in os.environ:
    SENTRY_OPTIONS["mail.host"] = os.environ["MAIL_HOST"]
