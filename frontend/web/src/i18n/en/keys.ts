export default {
  where: 'Where is your certificate', way: { file: 'In a file', agent: 'USB key', phone: 'Telephone' },
  kind: { rsa: 'RSA', 'ec-p256': 'EC', sm2: 'SM2' }, half: { signing: 'signing', encryption: 'encryption' },
  by: { file: 'file', agent: 'USB key', phone: 'telephone' }, which: 'Choose the certificate to use:',
  agentHint: 'Plug the USB key in, and start the program your certificate authority gave with it.', connect: 'Connect the USB key', pairing: '“{name}” is there. Its window shows a pairing code of six digits; type it here:',
  code: 'Pairing code', pinThere: 'The PIN is typed in that program’s window only; this page never asks for it.', pair: 'Pair and read certificates', newCode: 'Another code',
  phoneHint: 'Scan a code with the certificate app on your telephone; check there what is signed, and type the PIN there. The private key stays in the telephone; the platform relays what it cannot read.', showCode: 'Show the code',
  doing: { list: 'Reading certificates', sign: 'Confirm the signature', unwrap: 'Confirm the decryption' },
  stage: { scan: 'Scan with the certificate app on your telephone:', phone: 'Check on your telephone, and confirm there.', agent: 'Check in the window of the key’s program, and type the PIN there.' },
  codeAlt: 'Code for the certificate app on a telephone', scanOnly: 'Scan only the screen you are working at; never a code that somebody sent you.', copyCode: 'Copy the code’s text', left: '{n} seconds left', cancel: 'Cancel',
  pageTitle: 'A telephone’s certificate', pageText: 'This code is for a certificate app; a browser can do nothing with it. Open the app of your certificate authority and scan again. If somebody sent you this code, do not use it.',
}
