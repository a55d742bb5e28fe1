import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A self-signed certificate for servers on this machine; it is its own certificate authority. */
export function makeCertificate(directory: string): Certificate {
  mkdirSync(directory, { recursive: true });
  const names = [
    { type: 2, value: 'localhost' },
    { type: 7, ip: '127.0.0.1' },
  ];
  const made = generate([{ name: 'commonName', value: 'localhost' }], {
    days: 2,
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: names },
    ],
  });
  const certificateFile = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  writeFileSync(certificateFile, made.cert);
  writeFileSync(keyFile, made.private);
  return { certificateFile, keyFile };
}
