"""Checks that two stacks fit into one account and region. Usage: stack_names.py <expanded template>

A resource with a fixed name can exist once only, so the second stack fails. SAM gives fixed names that its source does not show. In the
expansion, each physical name must be absent or contain the name of the stack.
"""

import json
import sys

# Names within another resource.
SCOPED = {"AWS::ApiGatewayV2::Stage", "AWS::Lambda::Alias", "AWS::Cognito::UserPoolClient"}


def names(kind, properties):
    """Properties that may name a resource of this type: `Name`, `QueueName` of a queue, `Domain` of a domain."""
    own = kind.rsplit("::", 1)[-1]
    for name in ("Name", f"{own}Name", "Domain"):
        if name in properties:
            yield name, properties[name]


def main(path):
    with open(path, encoding="utf-8") as file:
        resources = json.load(file)["Resources"]
    faults = []
    for identifier, resource in resources.items():
        if resource["Type"] in SCOPED:
            continue
        for name, value in names(resource["Type"], resource.get("Properties", {})):
            if "AWS::StackName" not in json.dumps(value):
                faults.append(f"{identifier} ({resource['Type']}): {name} is {json.dumps(value)} in every stack")
    print("\n".join(faults) or f"{len(resources)} resources, no fixed name")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
