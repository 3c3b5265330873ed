// The Node program that a user would write in leadrelay's place: node:http, ajv, @azure/storage-queue.
//
// It answers POST /webhooks/crf: 401 without the API key, 400 for what the schema refuses, 200 once the lead lies in the
// queue as it came. It keeps no ledger, routes nothing, knows no second try and writes no log.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { createHash, timingSafeEqual } from 'node:crypto'
import { QueueServiceClient } from '@azure/storage-queue'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'

const digest = (text) => createHash('sha256').update(text).digest()
const key = digest(process.env.API_KEY)
const queue = QueueServiceClient.fromConnectionString(process.env.AzureWebJobsStorage).getQueueClient('leadrelay-intake')
const ajv = new Ajv({ allErrors: false })
addFormats(ajv)
const valid = ajv.compile(JSON.parse(readFileSync(new URL('lead.schema.json', import.meta.url))))

async function receive (req, res) {
  if (req.method !== 'POST' || req.url !== '/webhooks/crf') return answer(res, 404)
  if (!timingSafeEqual(digest(req.headers['x-api-key'] ?? ''), key)) return answer(res, 401)
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  let lead
  try {
    lead = JSON.parse(text)
  } catch {
    return answer(res, 400)
  }
  if (!valid(lead)) return answer(res, 400)
  try {
    await queue.sendMessage(text, { messageTimeToLive: -1 })
  } catch {
    return answer(res, 503)
  }
  answer(res, 200)
}

function answer (res, status) {
  const body = status === 200 ? '{"status":"accepted"}' : '{"status":"refused"}'
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length })
  res.end(body)
}

createServer({ keepAliveTimeout: 60_000 }, receive).listen(Number(process.env.PORT), '127.0.0.1')
