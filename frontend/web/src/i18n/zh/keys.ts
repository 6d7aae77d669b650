export default {
  where: '证书在哪里', way: { file: '文件', agent: 'USB Key', phone: '手机证书' },
  kind: { rsa: 'RSA', 'ec-p256': 'EC', sm2: 'SM2' }, half: { signing: '签名', encryption: '加密' },
  by: { file: '文件', agent: 'USB Key', phone: '手机' }, which: '请选择要使用的证书：',
  agentHint: '请插入 USB Key，并启动证书机构提供的签名程序。', connect: '连接 USB Key', pairing: '已找到“{name}”。它的窗口显示了六位配对码，请填在这里：',
  code: '配对码', pinThere: 'PIN 只在签名程序的窗口里输入，本页不会向您索取。', pair: '配对并读取证书', newCode: '换一个配对码',
  phoneHint: '用手机上的证书应用扫描二维码，在手机上核对内容、输入 PIN。私钥不离开手机，平台只转递密文。', showCode: '显示二维码',
  doing: { list: '读取证书', sign: '请确认签名', unwrap: '请确认解密' },
  stage: { scan: '请用手机上的证书应用扫描：', phone: '请在手机上核对内容并确认。', agent: '请在签名程序的窗口核对内容并输入 PIN。' },
  codeAlt: '供手机证书应用扫描的二维码', scanOnly: '只扫描您自己正在使用的屏幕；不要扫描别人发来的二维码。', copyCode: '复制二维码内容', left: '还剩 {n} 秒', cancel: '取消',
  pageTitle: '用手机证书', pageText: '这是给证书应用扫描的二维码，普通浏览器不能使用。请在手机上打开证书机构的应用，再扫描一次。如果这个二维码是别人发给您的，请不要使用。',
}
