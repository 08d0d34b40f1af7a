// Keys of a subscriber, and the reading of a Web Push message, by node's crypto; with http_ece where HTTP_ECE_DIR
// names the folder it is installed in.
import crypto from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";

const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const un64 = (text) => Buffer.from(text, "base64url");

function keys() {
  const ecdh = crypto.createECDH("prime256v1");
  ecdh.generateKeys();
  return { public: b64(ecdh.getPublicKey()), private: b64(ecdh.getPrivateKey()), auth: b64(crypto.randomBytes(16)) };
}

const hkdf = (salt, secret, info, length) => Buffer.from(crypto.hkdfSync("sha256", secret, salt, info, length));

// RFC 8291 section 3.4, RFC 8188 section 2
function decryptHere(asked, body) {
  const salt = body.subarray(0, 16), length = body[20], sender = body.subarray(21, 21 + length);
  const ecdh = crypto.createECDH("prime256v1");
  ecdh.setPrivateKey(un64(asked.private));
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), un64(asked.public), sender]);
  const secret = hkdf(un64(asked.auth), ecdh.computeSecret(sender), info, 32);
  const key = hkdf(salt, secret, "Content-Encoding: aes128gcm\0", 16);
  const nonce = hkdf(salt, secret, "Content-Encoding: nonce\0", 12);
  const sealed = body.subarray(21 + length);
  const cipher = crypto.createDecipheriv("aes-128-gcm", key, nonce);
  cipher.setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
  const end = padded.lastIndexOf(2);
  return padded.subarray(0, end).toString();
}

function decryptWithLibrary(asked, body) {
  const ece = createRequire(process.env.HTTP_ECE_DIR + "/")("http_ece");
  const ecdh = crypto.createECDH("prime256v1");
  ecdh.setPrivateKey(un64(asked.private));
  return ece.decrypt(body, { version: "aes128gcm", privateKey: ecdh, authSecret: asked.auth }).toString();
}

// RFC 8292
function verify(authorization) {
  const [, token, key] = authorization.match(/^vapid t=([^,]+), k=(.+)$/);
  const [head, claims, signature] = token.split(".");
  const point = un64(key);
  const jwk = { kty: "EC", crv: "P-256", x: b64(point.subarray(1, 33)), y: b64(point.subarray(33)) };
  const signed = crypto.verify("sha256", Buffer.from(`${head}.${claims}`),
    { key: crypto.createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" }, un64(signature));
  return { key, signed, claims: JSON.parse(un64(claims)) };
}

function read() {
  const asked = JSON.parse(fs.readFileSync(0, "utf8"));
  const body = Buffer.from(asked.body, "base64");
  const text = decryptHere(asked, body);
  const library = Boolean(process.env.HTTP_ECE_DIR);
  if (library && decryptWithLibrary(asked, body) !== text) throw new Error("http_ece reads something else");
  return { ...verify(asked.authorization), text, library };
}

process.stdout.write(JSON.stringify(process.argv[2] === "keys" ? keys() : read()));
