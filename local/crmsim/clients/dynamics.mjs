// DynamicsWebApi against an organisation at URL: one line of JSON for each step, {step, value} or {step, status, code}.
// BODY is a lead's fields, KEY an alternate key, NOTE a GUID.
import { DynamicsWebApi } from "dynamics-web-api";

const { URL: serverUrl, TOKEN: accessToken, KEY: key, NOTE: note } = process.env;
const body = JSON.parse(process.env.BODY);
const api = new DynamicsWebApi({ serverUrl, dataApi: { version: "9.2" }, onTokenRefresh: async () => ({ accessToken }) });

async function step(name, call) {
  try {
    const value = await call();
    console.log(JSON.stringify({ step: name, value: value ?? null }));
    return value;
  } catch (e) {
    console.log(JSON.stringify({ step: name, status: e.status ?? 0, code: e.code ?? "", message: String(e.message) }));
  }
}

const lead = { collection: "leads", key };
await step("create", () => api.upsert({ ...lead, data: body, returnRepresentation: true, select: ["leadid", "statecode", "statuscode"] }));
await step("again", () => api.upsert({ ...lead, data: body, returnRepresentation: true, select: ["leadid"] }));
await step("silent", () => api.upsert({ ...lead, data: { subject: "silent" } }));
await step("createOnly", () => api.upsert({ ...lead, data: body, ifnonematch: "*" }));
await step("update", () => api.update({ ...lead, data: { statecode: 2, statuscode: 7 } }));
await step("updateMissing", () => api.update({ collection: "leads", key: "crf_leadid='nobody'", data: { subject: "x" } }));
const got = await step("retrieve", () => api.retrieve({ ...lead, select: ["leadid", "subject", "estimatedamount", "statuscode"] }));
await step("stale", () => api.update({ ...lead, data: { subject: "stale" }, ifmatch: 'W/"1"' }));
await step("unknownColumn", () => api.upsert({ ...lead, data: { nosuchcolumn: 1 } }));
await step("quotedKey", () => api.upsert({ collection: "leads", key: "crf_leadid='O''Brien'", data: { lastname: "O'Brien" } }));
await step("duplicate", () => api.upsert({ collection: "leads", key: "crf_leadid='second'", data: { emailaddress1: body.emailaddress1 }, duplicateDetection: true }));
const bound = { subject: "note", notetext: "{}", "objectid_lead@odata.bind": `/leads(${got.leadid})` };
await step("note", () => api.upsert({ collection: "annotations", key: note, data: bound, ifnonematch: "*" }));
await step("noteAgain", () => api.upsert({ collection: "annotations", key: note, data: bound, ifnonematch: "*" }));
await step("whoAmI", () => api.callFunction("WhoAmI"));
await step("delete", () => api.deleteRecord(lead));
