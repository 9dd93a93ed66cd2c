// Sends files as a browser does, in a GraphQL multipart request, and prints the answer as one line of JSON.
// Usage: node upload.mjs URL TOKEN LEAD NAME CONTENT [NAME CONTENT ...]; contents are in base64
const [url, token, lead, ...parts] = process.argv.slice(2);
const files = [];
for (let index = 0; index < parts.length; index += 2) {
  files.push(new File([Buffer.from(parts[index + 1], 'base64')], parts[index]));
}
const query = `mutation ($id: ID!, $files: [Upload!]) {
  attachFilesToLead(id: $id, files: $files) { files { name type size url } }
}`;
const form = new FormData();
form.append('operations', JSON.stringify({ query, variables: { id: lead, files: files.map(() => null) } }));
form.append('map', JSON.stringify(Object.fromEntries(files.map((_, i) => [i, [`variables.files.${i}`]]))));
files.forEach((file, i) => form.append(String(i), file));
const answer = await fetch(url, { method: 'POST', body: form, headers: { Authorization: `Bearer ${token}` } });
console.log(JSON.stringify({ status: answer.status, body: await answer.json() }));
