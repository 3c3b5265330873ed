// jsforce against an org at URL: one line of JSON for each step, {step, value} or {step, error}.
// FIELDS is a lead's fields, KEY the value of CRF_Lead_Id__c.
const { createRequire } = require("node:module");
const jsforce = createRequire(process.cwd() + "/")("jsforce");

const { URL: url, ID: clientId, SECRET: clientSecret, KEY: key } = process.env;
const fields = JSON.parse(process.env.FIELDS);

async function step(name, call) {
  try {
    const value = await call();
    console.log(JSON.stringify({ step: name, value: value ?? null }));
    return value;
  } catch (e) {
    console.log(JSON.stringify({ step: name, error: e.errorCode ?? e.name, message: String(e.message) }));
  }
}

(async () => {
  const conn = new jsforce.Connection({ version: "67.0", instanceUrl: url, oauth2: { loginUrl: url, clientId, clientSecret } });
  await step("authorize", async () => (await conn.authorize({ grant_type: "client_credentials" })) && conn.instanceUrl);
  const lead = conn.sobject("Lead");
  const record = { ...fields, CRF_Lead_Id__c: key };
  const made = await step("create", () => lead.upsert(record, "CRF_Lead_Id__c"));
  await step("again", () => lead.upsert(record, "CRF_Lead_Id__c"));
  await step("many", () => lead.upsert([{ ...record, CRF_Lead_Id__c: "second", LastName: "Second" }, { ...record, LastName: "Third" }], "CRF_Lead_Id__c"));
  await step("update", () => lead.update([{ Id: made.id, Rating: "Hot" }], { allOrNone: false }));
  await step("updateGone", () => lead.update([{ Id: "00Q000000000zzzAAA", Rating: "Hot" }], { allOrNone: false }));
  await step("task", () => conn.sobject("Task").create([{ WhoId: made.id, Subject: "Call" }], { allOrNone: false }));
  await step("retrieve", async () => (await lead.retrieve(made.id)).LastName);
  await step("query", async () => (await conn.query(`SELECT Id,Rating FROM Lead WHERE CRF_Lead_Id__c IN ('${key}')`)).records.map((r) => r.Rating));
  await step("describe", async () => (await lead.describe()).fields.filter((f) => f.externalId && f.unique).map((f) => f.name));
  await step("unknownField", () => lead.upsert({ CRF_Lead_Id__c: key, NoSuch__c: 1 }, "CRF_Lead_Id__c"));
  await step("wrongType", () => lead.upsert({ CRF_Lead_Id__c: key, NumberOfEmployees: "three" }, "CRF_Lead_Id__c"));
  await step("tooLong", () => lead.upsert({ CRF_Lead_Id__c: key, FirstName: "x".repeat(41) }, "CRF_Lead_Id__c"));
  await step("required", () => lead.upsert({ CRF_Lead_Id__c: "third" }, "CRF_Lead_Id__c"));
  await step("ambiguous", () => conn.sobject("Lead").upsert({ CRF_Lead_Id__c: "twin", LastName: "x" }, "CRF_Lead_Id__c"));
  await step("usage", () => conn.limitInfo.apiUsage);
  await step("delete", () => lead.destroy(made.id));
  await step("deleted", () => lead.retrieve(made.id));
})();
