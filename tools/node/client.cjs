// Uses a Granary as any program on AWS's SDK for JavaScript would: no setting but the environment. Prints one line of JSON.
const { join } = require("node:path");
const sdk = (name) => require(join(process.env.NODE_MODULES, "@aws-sdk", name));
const { STSClient, GetCallerIdentityCommand } = sdk("client-sts");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand } = sdk("client-s3");
const { S3ControlClient, ListAccessGrantsInstancesCommand } = sdk("client-s3-control");

(async () => {
  const who = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  const bucket = `from-node-${process.pid}`;
  const s3 = new S3Client({});
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "a/b c", Body: "hello" }));
  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "a/b c" }));
  const list = await new S3ControlClient({}).send(new ListAccessGrantsInstancesCommand({ AccountId: who.Account }));
  console.log(JSON.stringify({ account: who.Account, text: await got.Body.transformToString(), status: list.$metadata.httpStatusCode }));
})().catch((e) => { console.error(String(e)); process.exit(1); });
