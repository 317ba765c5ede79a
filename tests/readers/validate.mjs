// Holds a JSON file to a JSON schema: node validate.mjs SCHEMA FILE. Says what is wrong and fails.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [schema, file] = process.argv.slice(2);
// The packages are in target/, which is no folder above this one.
const require = createRequire(join(process.cwd(), "package.json"));
const Ajv = require("ajv");
const validate = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false, logger: false }).compile(
  JSON.parse(readFileSync(schema, "utf8")),
);
if (!validate(JSON.parse(readFileSync(file, "utf8")))) {
  console.error(validate.errors);
  process.exit(1);
}
