// Prints what server.js runs on.
import { readFileSync } from 'node:fs'

const of = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version
console.log(`node ${process.versions.node}, ` + ['@azure/storage-queue', 'ajv', 'ajv-formats'].map((name) => `${name} ${of(name)}`).join(', '))
