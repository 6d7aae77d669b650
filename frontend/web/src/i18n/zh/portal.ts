export default {
  twoEnvelopes: '双信封：第一信封（技术商务）先开启、先评审，第二信封（报价）只对通过者在第二次开标中开启，至少提前 {n} 分钟公告。',
  title: '公告', openings: '开标日历', lot: '标段', status: '运行状况',
  hero: '公共资源交易，全程不见面', heroHint: '投标文件在您的浏览器里加密，开标之前任何人（包括本平台）都看不到；开标之后，任何人都可以独立验证没有增加、遗漏或改动。',
  search: '搜索公告', searchHint: '项目名称、编号、招标人，如“道路”', stage: '阶段', kind: '类别', any: '全部', found: '共 {n} 条公告', noneFound: '没有符合条件的公告', noneFoundHint: '换一个词（两个字即可），或放宽阶段和类别再试。', noNotices: '还没有公告', noNoticesHint: '招标公告经交易中心核验后在此公布，任何人无需登录即可查看。', showAll: '显示全部公告', published: '发布', left: '距截止', pages: '翻页', previous: '上一页', nextPage: '下一页',
  stages: { draft: '草稿', planned: '待公告', published: '已公告', selling: '招标文件发售中', preparing: '投标准备中', opening: '开标中', opened: '已开标', evaluating: '评标中', price_opening: '第二次开标中', evaluated: '评标结束', publicised: '候选人公示', awarded: '已定标', contracted: '已签合同', archived: '已归档', failed: '流标', terminated: '终止' },
  kinds: { works: '工程', goods: '货物', services: '服务', government: '政府采购', rehearsal: '演练' },
  noticeKinds: { tender: '招标公告', prequalification: '资格预审公告', change: '变更公告', clarification: '澄清公告', opening_record: '开标记录', price_opening: '第二次开标公告', opening: '开标记录', failed: '流标公告', failure: '流标公告', termination: '终止公告', extension: '延期公告', candidates: '中标候选人公示', result: '中标结果公告', terminated: '终止公告' },
  untilDeadline: '距投标截止', bid: '制作并递交投标文件', loginToBid: '登录后投标', facts: '标段信息', documents: '招标文件获取', deadline: '投标截止 / 开标', deadlineHint: '到达该时刻即截止（该时刻本身视为迟到）', place: '开标地点', custodians: '密钥保管人', threshold: '{n} 人中任意 {k} 人', window: '解密时长', suite: '密码套件', suites: { 1: '国际算法（AES、SHA-256）；RSA、EC、SM2 证书均可投标', 2: '国密算法（SM2、SM3、SM4）；须用 SM2 双证书投标' }, minutes: '{n} 分钟', announced: '唱标内容', parts: '投标文件组成', deposit: '投标保证金', security: '办理投标担保', depositForms: '{sum} 元，可采用：{forms}', award: '定标与合同', awardRule: '定标方式', depositsLink: '担保情况',
  from: '从', to: '到', noOpenings: '这段时间没有开标。', ready: '平台运行正常，可以递交投标文件', notReady: '平台暂时不能受理，请稍候；已有回执不受影响', noAnswer: '平台没有回答', stamping: '时间戳服务', database: '数据库', store: '文件存储', clock: '时钟偏差', up: '正常', down: '不可用',
}
