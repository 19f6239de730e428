"""Prints the SAM template as CloudFormation deploys it. Usage: expand.py <template>

A linter of the source does not see what SAM generates: roles, permissions, the event source mapping. Makes no network call: managed
policies are named by ARN, and the code has a placeholder address.
"""

import json
import os
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")


class ManagedPolicies:
    """Replaces the IAM call that lists managed policies of AWS; this template uses none by name."""

    def load(self):
        return {}


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file)
    parameters = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://packaged/code.zip"
    json.dump(transform(template, parameters, ManagedPolicies()), sys.stdout, indent=1)


if __name__ == "__main__":
    main(sys.argv[1])
