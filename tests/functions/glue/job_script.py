"""The job's script, where nothing but the standard library can be imported."""

import sys
from importlib.abc import MetaPathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "functions" / "glue" / "dashboard_interaction_export.py"
PACKAGES = ("awsglue", "boto3", "botocore", "pyspark", "s3transfer", "urllib3")


class Refusal(MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] in PACKAGES:
            raise ImportError(f"the pure parts must do without {fullname}")
        return None


sys.meta_path.insert(0, Refusal())
spec = spec_from_file_location("dashboard_interaction_export", SCRIPT)
job = module_from_spec(spec)
sys.modules[spec.name] = job
spec.loader.exec_module(job)
