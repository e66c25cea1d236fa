"""Every setting of the portal. Values come from the environment; docs/operations.md lists them."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from phr.environment import broker, database, flag, folder, number, private_folder, text, zone
from phr.launch.found import services

BASE_DIR = Path(__file__).resolve().parent.parent
found = services()

# --- core ----------------------------------------------------------------------------------------
SECRET_KEY = text("SECRET_KEY", found.get("SECRET_KEY"))
PHR_PORTAL_SECRET = text("PHR_PORTAL_SECRET", SECRET_KEY)
DEBUG = flag("PHR_DEBUG", default=False)
PHR_DEMO = flag("PHR_DEMO", default=False)
PHR_ORIGIN = text("PHR_ORIGIN", found.get("PHR_ORIGIN", "http://127.0.0.1:8000"))
PHR_DATA_DIR = Path(text("PHR_DATA_DIR", found.get("PHR_DATA_DIR", str(BASE_DIR / ".data"))))
PHR_PORTAL_NAME = text("PHR_PORTAL_NAME", "My health record")
PHR_CONTACT_EMAIL = text("PHR_CONTACT_EMAIL", "")
PHR_LEGAL_ZONE = zone(text("PHR_LEGAL_ZONE", "UTC"))

_origin = urlsplit(PHR_ORIGIN)
if _origin.scheme not in {"http", "https"} or not _origin.hostname:
    raise ImproperlyConfigured("PHR_ORIGIN must look like https://records.example.org")
HTTPS = _origin.scheme == "https"
if HTTPS and not (PHR_CONTACT_EMAIL or PHR_DEMO):
    raise ImproperlyConfigured("PHR_CONTACT_EMAIL is not set: the privacy page must name it.")
ALLOWED_HOSTS = [_origin.hostname, *(["localhost", "127.0.0.1"] if PHR_DEMO else [])]
CSRF_TRUSTED_ORIGINS = [PHR_ORIGIN]
ROOT_URLCONF = "phr.urls"
WSGI_APPLICATION = "phr.wsgi.application"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- apps ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "rights",
    "phr",
    "sharing",
    "accounts",
    "accounts.vault",
    "accounts.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "accounts.middleware.headers",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.middleware.locked",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.idle",
    "accounts.middleware.pieces",
    "accounts.middleware.actor",
    "accounts.middleware.SecondWall",
    "accounts.middleware.while_acting",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sharing.context.around",
            ]
        },
    }
]
FORM_RENDERER = "phr.renderer.PortalRenderer"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = PHR_DATA_DIR / "static"

# --- databases -----------------------------------------------------------------------------------
PHR_DATABASE_ROLE = text("PHR_DATABASE_ROLE", "phr_web")
DATABASES = {
    "default": database(
        "DATABASE_URL", text("DATABASE_URL", found.get("DATABASE_URL")), PHR_DATABASE_ROLE
    ),
    "vault": database(
        "VAULT_DATABASE_URL",
        text("VAULT_DATABASE_URL", found.get("VAULT_DATABASE_URL")),
        PHR_DATABASE_ROLE,
    ),
}
DATABASE_ROUTERS = ["accounts.vault.router.VaultRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # Rate limits must be shared between processes and work while the broker is gone.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        # Django's own 300 would let strangers push the counters of an attack out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- files and keys ------------------------------------------------------------------------------
PHR_KEK_FILE = Path(text("PHR_KEK_FILE", str(PHR_DATA_DIR / "keys" / "kek")))
PHR_AUDIT_ANCHOR_FILE = Path(
    text("PHR_AUDIT_ANCHOR_FILE", str(PHR_DATA_DIR / "audit" / "anchors.jsonl"))
)
PHR_BACKUP_DIR = Path(text("PHR_BACKUP_DIR", str(PHR_DATA_DIR / "backups" / "portal")))
PHR_VAULT_BACKUP_DIR = Path(text("PHR_VAULT_BACKUP_DIR", str(PHR_DATA_DIR / "backups" / "vault")))
PHR_BACKUP_HOURS = number("PHR_BACKUP_HOURS", 24)
PHR_BACKUP_DAYS = number("PHR_BACKUP_DAYS", 30)
PHR_VAULT_BACKUP_DAYS = number("PHR_VAULT_BACKUP_DAYS", 7)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "files": private_folder(PHR_DATA_DIR / "files"),
    "backups": private_folder(PHR_BACKUP_DIR),
    "vault_backups": private_folder(PHR_VAULT_BACKUP_DIR),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}

# --- who signs in --------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email"]},
    },
    {"NAME": "accounts.passwords.HardToGuess"},
]
PASSWORD_MINIMAL_STRENGTH = 3
LOGIN_REDIRECT_URL = "phr:home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_RATE_LIMITS = {
    "claim": "20/h/ip",
    "emergency_code": "10/h/user",
    "open_dependent": "12/d/user",
    "open_link": "60/h/key",
}
ACCOUNT_LOGOUT_REDIRECT_URL = "phr:front"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _origin.scheme
ALLAUTH_TRUSTED_PROXY_COUNT = number("PHR_TRUSTED_PROXIES", 0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = PHR_PORTAL_NAME
MFA_TOTP_TOLERANCE = 1  # a code typed slowly still counts (RFC 6238 section 5.2: one step)
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
USERSESSIONS_TRACK_ACTIVITY = True  # `accounts.middleware.idle` does, not with every request

# --- mail ----------------------------------------------------------------------------------------
EMAIL_BACKEND = "accounts.mail.OutboxBackend"
PHR_MAIL_BACKEND = text(
    "PHR_MAIL_BACKEND",
    "django.core.mail.backends.filebased.EmailBackend"
    if PHR_DEMO
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_FILE_PATH = PHR_DATA_DIR / "mail"
EMAIL_HOST = text("EMAIL_HOST", "localhost")
EMAIL_PORT = number("EMAIL_PORT", 25)
EMAIL_HOST_USER = text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = text("PHR_MAIL_FROM", f"no-reply@{_origin.hostname}")

# --- workers -------------------------------------------------------------------------------------
REDIS_URL = text("REDIS_URL", found.get("REDIS_URL"))
CELERY_BROKER_URL = broker(REDIS_URL)
CELERY_BEAT_SCHEDULE = {
    name: {
        "task": name,
        "schedule": timedelta(seconds=seconds),
        "options": {"expires": seconds, "ignore_result": True},
    }
    for name, seconds in {
        "accounts.tasks.seal_audit": 2,
        "accounts.tasks.send_mail": 10,
        "accounts.tasks.advance_mark": 10,
        "accounts.tasks.clear_expired": 3600,
        "accounts.tasks.mark_licences": 3600,
        "sharing.tasks.mail_notices": 10,
        "sharing.tasks.forget_old": 86400,
        "sharing.tasks.remind_due": 600,
        "sharing.tasks.sign_statuses": 60,
        "phr.tasks.import_due": 10,
        "phr.tasks.clear_leftovers": 600,
        "phr.tasks.expire_waiting": 3600,
        "phr.tasks.renew_due": 60,
        "sharing.tasks.close_facilities": 60,
        "rights.tasks.back_up": 600,
        "rights.tasks.build_exports": 10,
        "rights.tasks.destroy_exports": 30,
        "rights.tasks.expire_backups": 3600,
        "rights.tasks.hold_due": 60,
        "rights.tasks.purge_due": 30,
    }.items()
}

# --- security headers ----------------------------------------------------------------------------
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Form token and notices ride in the session: one strictly necessary cookie, no second one (C47).
CSRF_USE_SESSIONS = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "phr.views.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS and flag("PHR_REDIRECT_TO_HTTPS", default=True)
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
)
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# "no-referrer" would make browsers send `Origin: null` with forms, which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, "'strict-dynamic'"],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- portal rules --------------------------------------------------------------------------------
PHR_IDLE_MINUTES = number("PHR_IDLE_MINUTES", 30)
PHR_PAGE_SIZE = 20
PHR_UPLOAD_MOST_BYTES = number("PHR_UPLOAD_MOST_BYTES", 200_000_000)
PHR_UPLOAD_MOST_FILES = number("PHR_UPLOAD_MOST_FILES", 50)
PHR_UPLOAD_PIECE_BYTES = number("PHR_UPLOAD_PIECE_BYTES", 8_388_608)
if PHR_UPLOAD_PIECE_BYTES < 65536:
    raise ImproperlyConfigured("PHR_UPLOAD_PIECE_BYTES must be at least 65536.")
PHR_UPLOAD_UNFINISHED_BYTES = number("PHR_UPLOAD_UNFINISHED_BYTES", 2_000_000_000)
PHR_UPLOAD_SPARE_BYTES = number("PHR_UPLOAD_SPARE_BYTES", 500_000_000)
PHR_PATIENT_MOST_BYTES = number("PHR_PATIENT_MOST_BYTES", 20_000_000_000)
PHR_UPLOAD_MOST_ENTRIES = number("PHR_UPLOAD_MOST_ENTRIES", 200_000)
PHR_UPLOAD_WAIT_DAYS = number("PHR_UPLOAD_WAIT_DAYS", 30)
PHR_REQUEST_DAYS = number("PHR_REQUEST_DAYS", 30)
PHR_REFUSED_DAYS = number("PHR_REFUSED_DAYS", 90)
PHR_REQUESTS_A_DAY = number("PHR_REQUESTS_A_DAY", 20)
PHR_REMARKS_A_DAY = number("PHR_REMARKS_A_DAY", 30)
PHR_DELIVERIES_MOST = number("PHR_DELIVERIES_MOST", 50)
PHR_OFFERS_A_DAY = number("PHR_OFFERS_A_DAY", 20)
PHR_UNASKED_MOST = number("PHR_UNASKED_MOST", 5)
PHR_UNASKED_MOST_BYTES = number("PHR_UNASKED_MOST_BYTES", 25_000_000)
PHR_UPLOAD_MOST_DEPTH = number("PHR_UPLOAD_MOST_DEPTH", 64)
PHR_FONT_DIR = folder("PHR_FONT_DIR")
PHR_EXPORT_DAYS = number("PHR_EXPORT_DAYS", 7)
PHR_EXPORT_PDF = flag("PHR_EXPORT_PDF", default=True)
PHR_INVITATION_DAYS = number("PHR_INVITATION_DAYS", 14)
PHR_INVITATIONS_A_DAY = number("PHR_INVITATIONS_A_DAY", 30)
PHR_NOTICE_DAYS = number("PHR_NOTICE_DAYS", 365)
PHR_DESTROY_DAYS = number("PHR_DESTROY_DAYS", 30)
PHR_REMINDER_DAYS = number("PHR_REMINDER_DAYS", 7)
PHR_STATUS_SECONDS = number("PHR_STATUS_SECONDS", 300)
PHR_USAGE_DAYS = number("PHR_USAGE_DAYS", 730)
PHR_FACILITY_CLOSING_DAYS = number("PHR_FACILITY_CLOSING_DAYS", 30)
PHR_LICENCE_MONTHS = number("PHR_LICENCE_MONTHS", 12)
PHR_LICENCE_REGISTER = text("PHR_LICENCE_REGISTER", "")
PHR_UNDO_HOURS = number("PHR_UNDO_HOURS", 72)
PHR_PROTECTED_FROM_AGE = number("PHR_PROTECTED_FROM_AGE", 13)
PHR_MAJORITY_AGE = number("PHR_MAJORITY_AGE", 18)
if not 1 <= PHR_PROTECTED_FROM_AGE <= PHR_MAJORITY_AGE <= 25:
    raise ImproperlyConfigured(
        "PHR_PROTECTED_FROM_AGE must not be above PHR_MAJORITY_AGE, and that not above 25."
    )
# A file sent to any other address is never written down; only `phr.receiving` keeps files.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FILES = PHR_UPLOAD_MOST_FILES
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# --- logs: no parameters, no bodies, no names ----------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"discreet": {"()": "accounts.logs.Discreet"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["discreet"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.db.backends": {"level": "ERROR"},
    },
}
