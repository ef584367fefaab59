# Checks a plugin's configuration against what `<plugin> --schema` prints: the part of JSON Schema
# that our schemas use, and stricter, for a key that the schema does not know is a fault too.
# Input: the configuration; $schema: the schema. Output: one line a fault.

def is_of_type($wanted):
  if $wanted == "integer" then type == "number" and . == floor else type == $wanted end;

def faults($schema; $path):
  . as $value
  | if $schema.type and (is_of_type($schema.type) | not) then "\($path): \(tojson) is no \($schema.type)"
    elif $schema.enum and ($schema.enum | index([$value]) | not) then "\($path): \(tojson) is not allowed"
    elif $schema | has("const") then if $value == $schema.const then empty else "\($path): \(tojson)" end
    elif $schema.minimum and $value < $schema.minimum then "\($path): \(tojson) is too small"
    elif $schema.maximum and $value > $schema.maximum then "\($path): \(tojson) is too large"
    elif $schema.oneOf then
      if any($schema.oneOf[]; . as $one | [$value | faults($one; $path)] == []) then empty
      else "\($path): \(tojson) is none of the alternatives" end
    elif $schema.properties then
      ($schema.required // [])[] as $key | select($value | has($key) | not) | "\($path).\($key): missing"
    else empty end,
    (if $schema.properties and type == "object" then
       to_entries[] as $entry
       | if $schema.properties[$entry.key] then
           $entry.value | faults($schema.properties[$entry.key]; "\($path).\($entry.key)")
         else "\($path).\($entry.key): unknown key" end
     elif $schema.items and type == "array" then
       range(length) as $i | .[$i] | faults($schema.items; "\($path)[\($i)]")
     else empty end);

# `capabilities` is the runtime's, and no plugin declares it.
del(.capabilities) | faults($schema; "")
