"""Derives src/spotdraft/shapes.json from SpotDraft's OpenAPI document: `shapes.py FROM TO`.

Kept: the operations (without the clickwrap ones, which use another credential), their parameters and
the schemas that they name. `nullable` becomes a type that JSON Schema knows.
"""
import json
import sys

PREFIX = "/api/v2.1/public"


def convert(node):
    if isinstance(node, list):
        return [convert(item) for item in node]
    if not isinstance(node, dict):
        return node
    nullable = node.get("nullable") is True
    out = {key: convert(value) for key, value in node.items()
           if key in ("type", "properties", "items", "required", "enum", "$ref", "allOf", "anyOf", "oneOf", "format",
                      "maxLength", "minLength", "maximum", "minimum", "additionalProperties", "pattern")
           or key not in ("nullable", "default", "example", "readOnly", "writeOnly", "description", "title", "deprecated",
                          "x-spec-enum-id", "discriminator")}
    if isinstance(node.get("properties"), dict):
        out["properties"] = {name: convert(value) for name, value in node["properties"].items()}
    # A pattern written for another engine says nothing here.
    if isinstance(out.get("pattern"), str):
        out.pop("pattern")
    if nullable:
        return {"anyOf": [out, {"type": "null"}]}
    return out


def references(node, found):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            found.add(node["$ref"].rsplit("/", 1)[1])
        for value in node.values():
            references(value, found)
    elif isinstance(node, list):
        for value in node:
            references(value, found)


def main(source, target):
    document = json.load(open(source))
    operations = []
    for path, methods in document["paths"].items():
        if "/clickwrap/" in path:
            continue
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            responses = {}
            for status, response in operation["responses"].items():
                body = response.get("content", {})
                schema = body.get("application/json", {}).get("schema")
                responses[status] = convert(schema) if schema else None
            operations.append({
                "method": method.upper(),
                "path": path[len(PREFIX):],
                "query": {p["name"]: convert(p.get("schema", {})) for p in operation.get("parameters", []) if p["in"] == "query"},
                "query_required": [p["name"] for p in operation.get("parameters", []) if p["in"] == "query" and p.get("required")],
                "body": convert(content["application/json"]["schema"]) if "application/json" in content else None,
                "body_required": bool(operation.get("requestBody", {}).get("required")),
                "responses": responses,
            })
    named, waiting = {}, set()
    references(operations, waiting)
    while waiting:
        name = waiting.pop()
        if name not in named:
            named[name] = convert(document["components"]["schemas"][name])
            references(named[name], waiting)
    shapes = {"operations": operations, "components": {"schemas": dict(sorted(named.items()))}}
    with open(target, "w") as out:
        json.dump(shapes, out, separators=(",", ":"), sort_keys=True)
        out.write("\n")


main(*sys.argv[1:])
