"""Makes the job's modules importable, but of what they may import only the standard library."""

import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

PACKAGES = ("awsglue", "boto3", "botocore", "pyspark", "s3transfer", "urllib3")


class Refusal(MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] in PACKAGES:
            raise ImportError(f"the pure parts must do without {fullname}")
        return None


sys.meta_path.insert(0, Refusal())
sys.path.insert(0, str(Path(__file__).parents[3] / "functions" / "glue"))
