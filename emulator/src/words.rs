//! The words that generated names are made of, as an operations team would write them.

/// What a code or machine is for.
pub(crate) const PROJECTS: &[&str] = &[
    "erp",
    "crm",
    "billing",
    "warehouse",
    "mail",
    "intranet",
    "legacy-web",
    "oracle",
    "sap",
    "fileserver",
    "ci",
    "payments",
    "monitoring",
    "vpn",
    "backup",
    "迁移",
    "生产",
    "测试",
    "电商",
    "支付网关",
    "财务系统",
    "灾备",
    "办公网",
];

/// Where it comes from.
pub(crate) const SITES: &[&str] = &[
    "hangzhou",
    "shanghai",
    "beijing",
    "frankfurt",
    "singapore",
    "idc1",
    "idc2",
    "onprem",
    "vmware",
    "aws",
    "杭州",
    "上海机房",
    "北京",
];

/// What the description says, if there is one.
pub(crate) const DESCRIPTIONS: &[&str] = &[
    "This is an activation code",
    "Migration wave 2, ask the platform team before using",
    "Lift and shift of the old data centre",
    "temporary, delete after cutover",
    "Created for the vendor; expires with the contract",
    "第二批迁移使用",
    "临时激活码，迁移完成后删除",
    "生产环境迁移，请勿外传",
    "QA & staging <only>",
    "Größere Umzüge: Köln → 杭州 🚚",
];

/// Login names, each with what people read.
pub(crate) const PEOPLE: &[(&str, &str)] = &[
    ("zhang.wei", "张伟"),
    ("wang.fang", "王芳"),
    ("li.na", "李娜"),
    ("liu.yang", "刘洋"),
    ("chen.jie", "陈杰"),
    ("yang.min", "Yang Min"),
    ("zhao.lei", "赵磊"),
    ("huang.xin", "Huang Xin"),
    ("j.smith", "Jane Smith"),
    ("m.garcia", "María García"),
    ("s.mueller", "Sabine Müller"),
    ("a.okafor", "Ada Okafor"),
    ("k.tanaka", "田中 健"),
    ("p.novak", "Petr Novák"),
    ("d.cohen", "Dana Cohen"),
    ("svc-deploy", "deploy robot"),
    ("svc-audit", "audit"),
];
