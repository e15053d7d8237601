# The version that this sandbox's schema is of, told in the way in which the server's own version.py tells it: its name is
# assigned twice.
import os

@BRAND@_VERSION = "9.0-dev+git"

git_version_file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "@brand@-git-version")
lines = [@BRAND@_VERSION, ""]
if os.path.exists(git_version_file):
    with open(git_version_file) as file:
        lines = [*file, "", ""]
@BRAND@_VERSION = lines.pop(0).strip()

LATEST_MAJOR_VERSION = "8.0"
LATEST_RELEASE_VERSION = "8.4"
API_FEATURE_LEVEL = 261
PROVISION_VERSION = (280, 0)
