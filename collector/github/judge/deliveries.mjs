// Holds webhook deliveries against GitHub's schema. Usage: node deliveries.mjs FILE…, each named KIND.what.json.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { createRequire } from 'node:module'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'

const ajv = new Ajv({ strict: false, allErrors: true })
addFormats(ajv)
ajv.addSchema(createRequire(import.meta.url)('@octokit/webhooks-schemas/schema.json'), 'github')
let bad = 0
for (const file of process.argv.slice(2)) {
  const [kind] = basename(file).split('.')
  const validate = ajv.getSchema(`github#/definitions/${kind}_event`)
  if (!validate) throw new Error(`GitHub describes no ${kind}`)
  const delivery = JSON.parse(readFileSync(file, 'utf8'))
  if (validate(delivery)) continue
  bad++
  // Of the variants of a kind only the one of this action is meant.
  const one = ajv.getSchema(`github#/definitions/${kind}$${delivery.action}`)
  if (one) one(delivery)
  console.error(`${basename(file)}: ${ajv.errorsText((one ?? validate).errors)}`)
}
console.log(`${process.argv.length - 2 - bad} of ${process.argv.length - 2} valid`)
process.exit(bad ? 1 : 0)
