// What Azure's own client does in the container `acme`: makes it, or writes or lists objects.
//   node client.js CONNECTION make | put NAME TEXT | list
const { BlobServiceClient } = require(require.resolve("@azure/storage-blob", { paths: [process.cwd()] }));

async function main([connection, what, name, text]) {
  const container = BlobServiceClient.fromConnectionString(connection).getContainerClient("acme");
  if (what === "make") await container.create();
  if (what === "put") await container.getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
  if (what === "list") for await (const blob of container.listBlobsFlat()) console.log(blob.name);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
