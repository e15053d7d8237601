# The version that this sandbox's schema is of.
@BRAND@_VERSION = "9.0-dev+git"
LATEST_MAJOR_VERSION = "8.0"
LATEST_RELEASE_VERSION = "8.4"
API_FEATURE_LEVEL = 261
PROVISION_VERSION = (280, 0)
