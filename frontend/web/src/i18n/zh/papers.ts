export default {
  renewed: '同一文件加盖新时间戳（供长期保存，可证明至 {until}）', renewedHint: '开头与账本所载文件逐字节相同，只在其后加盖了新的时间戳，适合长期保存',
  completedAt: '签署完成 {at}', waiting: '等待签署', open: '查看文件（PDF）', unsigned: '尚未签署', signing: '正在签署…', signAs: '以{capacity}身份签署',
  capacity: { tenderee: '招标人', winner: '中标人', agency: '招标代理', issuer: '开立机构', leader: '组长', platform: '平台' },
}
