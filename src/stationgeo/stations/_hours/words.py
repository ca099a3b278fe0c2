"""Words of opening hours as people write them, in Chinese and in English, to tokens."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from stationgeo.stations._hours.rules import DAYS, RuleError

__all__ = ["Token", "Word", "tidy", "tokens", "weekdays_of"]

Word = Literal[
    "days", "every", "workdays", "weekends", "holidays", "some holidays", "no rest", "time", "bare", "whole day", "off",
    "closed now", "except", "excepted", "include", "usual", "appointment", "lunch", "summer", "winter", "month", "to",
    "and", "then", "rest", "elsewhere", "open bracket", "close bracket",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A word, what was written, and the parts of it that matter."""

    word: Word
    text: str
    parts: dict[str, str | None]


# Traditional characters that opening hours are written with.
_TRADITIONAL = str.maketrans(
    "週禮時點節開營業電話預約無號後間國慶勞動應關閉門對務個兩雙單於從為訊請須裝暫運進辦處館會當來內眾與詳見準隨實",
    "周礼时点节开营业电话预约无号后间国庆劳动应关闭门对务个两双单于从为讯请须装暂运进办处馆会当来内众与详见准随实",
)
_DASHES = str.maketrans(dict.fromkeys("—–−‐‑‒―─━﹣－", "-") | dict.fromkeys("〜～∼∽˜", "~") | {"∶": ":", "﹕": ":"})

_CN_DAYS = "一二三四五六日"
_WEEK = r"每?(?:周|星期|礼拜)"
_CN_DAY = r"(?:[一二三四五六日天](?![点时十月号个])|[1-7](?![点时月号:.\d]))"
_CN_DAY_LIST = rf"{_WEEK}\s*{_CN_DAY}(?:\s*(?:[-~]+|至|到|[、,/及和与])?\s*(?:{_WEEK}\s*)?{_CN_DAY})*"
_EN_DAY = (
    r"(?:mon(?:day)?|mo|tue(?:s(?:day)?)?|tu|wed(?:nesday)?|we|thu(?:rs?(?:day)?)?|th|fri(?:day)?|fr|sat(?:urday)?|sa"
    r"|sun(?:day)?|su)s?\.?(?![a-z])"
)
_EN_DAY_LIST = rf"{_EN_DAY}(?:\s*(?:-|~|to|至|到|,|、|&)\s*{_EN_DAY})*"
_PART = (
    "(?:凌晨|清晨|早晨|早上|早间|上午|早|朝|晨|中午|午间|正午|下午|午后|傍晚|晚上|晚间|夜间|夜晚|夜里|深夜|夜|晚"
    r"|[ap]\.?m\.?)"
)
_DAY_AFTER = r"次日|翌日|第二天|隔日|隔天|明日"
_CN_NUMBER = "[零〇一二两三四五六七八九十]{1,3}"
_CLOCK = (
    rf"(?:(?P<after>{_DAY_AFTER})|当日|当天)?\s*的?(?:(?P<part>{_PART})\s*:?)?\s*"
    rf"(?:(?P<h1>\d{{1,2}})[:.](?P<m1>[0-5]\d)(?::00)?(?!\d)分?|(?P<h2>\d{{1,2}}|{_CN_NUMBER})\s*(?:点钟?|时(?!间))"
    rf"(?P<m2>[0-5]?\d(?![\d:])分?|半|整|[一三]刻|{_CN_NUMBER}分?)?)\s*(?P<suffix>[ap]\.?m\.?(?![a-z]))?"
)
_BARE = (
    rf"(?:(?P<after>{_DAY_AFTER}))?(?P<part>{_PART})\s*(?P<h1>\d{{1,2}}|{_CN_NUMBER})(?![\d:月])"
    r"|(?P<h2>\d{1,2})\s*(?P<suffix>[ap]\.?m\.?(?![a-z]))"
)

# In this order: the first that fits is taken; None is passed over. What is in no line is not understood.
_WORDS: tuple[tuple[Word | None, str], ...] = (
    (None, r"(?:中午|午间)不(?:休息?|打烊)"),
    ("elsewhere", r"同.*|随.*|参照.*|详见.*|以.*为准.*|与.*(?:一致|相同|同步).*|(?:见|按).*(?:公示|公告|通知|安排).*"),
    ("closed now", r"暂停(?:对外)?(?:开放|营业|服务|使用|运营)?|暂不(?:开放|营业)|[暂尚]?未开放|永久(?:关闭|停业)"),
    (
        "closed now",
        r"已(?:关闭|停用|停业|撤销|拆除)|停止(?:营业|服务|开放|使用|运营)|停用|装修(?:中|停业)?|[筹在]?建设?中",
    ),
    ("appointment", r"[(]?(?:仅限?|只|需要?|须|请|可|凭)?(?:提前|电话|微信|网上|线上)*预约(?:制|开放|服务|使用)?"),
    ("whole day", r"全天候|(?:全[天日])?\s*(?:24|二十四)\s*个?(?:小时|h(?:ou)?rs?|hours?|h)(?![a-z])"),
    ("whole day", r"7\s*[*x×]\s*24\s*(?:小时|h)?|24\s*[*x×/]\s*7|全[天日]|昼夜|通宵达旦"),
    ("no rest", r"(?:全年|年中|常年)?无休|不打烊"),
    ("every", r"每天|每日|天天|daily|every\s?day|(?:一年)?365\s*天|每?周[七7]天|全年|常年"),
    ("lunch", r"午休|(?:中午|午间|午餐)(?:时间)?休息"),
    ("workdays", r"(?:法定)?工作日|上班日"),
    ("weekends", r"双休日|周末|星期末|weekends?"),
    ("holidays", r"(?:国家|国定|法定|公众|公共)*(?:节假日|法定假日|国定假日|公众假[期日]|公共假[期日]|法定假期|节日)"),
    ("holidays", r"法定假|ph(?![a-z])|(?:public|bank)\s+holidays?|holidays?"),
    ("some holidays", r"(?:春节|过年|除夕|元旦|国庆|中秋|端午|清明|劳动|五一|十一(?![点时月]))节?(?:期间|假期|当天)?"),
    ("days", _CN_DAY_LIST),
    ("days", _EN_DAY_LIST),
    ("days", r"平日|weekdays?"),
    ("summer", r"夏(?:季|天|令时?|时制)(?:作息)?"),
    ("winter", r"冬(?:季|天|令时?|时制)(?:作息)?"),
    ("month", r"(?:每年|次年|翌年|来年)?(?P<m1>\d{1,2})(?P<list>[-~至到、])(?P<m2>\d{1,2})月份?(?!\d{1,2}[日号])"),
    ("month", rf"(?:每年|次年|翌年|来年)?(?P<m>\d{{1,2}}|{_CN_NUMBER})月份?(?:(?P<d>\d{{1,2}})[日号])?"),
    ("time", _CLOCK),
    ("bare", _BARE),
    ("bare", r"(?P<h1>\d{1,2})(?!\d)"),
    ("excepted", r"除外|以外|之外|外(?=[,;。、()\s]|$)"),
    ("except", r"除了?|不含|不包括|不包含|except"),
    ("include", r"(?:均?包括|均?包含|含|including|incl\.?)"),
    ("usual", r"(?:均|也)?(?:照常|正常|不休息?)(?:营业|开放|上班|服务|运营)?"),
    ("off", r"休息|[休闭]馆|不(?:对外)?(?:开放|营业|上班|服务)|关[闭门]|停业|放假|[休歇]业|公休|休|off|closed"),
    ("rest", r"其[余他它](?:时间|时段|日期|日子)?"),
    (None, r"(?:营业|开放|服务|工作|办公|运营|作息|上班|接待)?时[间段]|(?:opening|business)?\s*hours?|open|from"),
    (
        None,
        r"对外|免费|自助|无人值守|营业|开放|服务|运营|供应|使用|提供|实行|上班|逢|均|都|为|是|在内|由|从|自|北京时间",
    ),
    ("to", r"[-~]+|至|到|to(?![a-z])"),
    ("and", r"[、,/&+]|以?及|和|与|and(?![a-z])"),
    ("then", r"[;。|]|<br/?>"),
    ("open bracket", r"[(\[【{〔]"),
    ("close bracket", r"[)\]】}〕]"),
    (None, r"[:.]"),
)
_COMPILED = tuple((word, re.compile(pattern)) for word, pattern in _WORDS)


def tidy(text: str) -> str:
    """Write a text with plain digits, colons and dashes, in simplified script and small letters."""
    plain = unicodedata.normalize("NFKC", text).translate(_TRADITIONAL).translate(_DASHES).lower()
    return re.sub(r"[\r\n]+", ";", plain).strip()


def tokens(text: str) -> list[Token]:
    """Cut a tidy text into words; a part that is none is refused, and so is the text with it."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        word, match = _first_word(text, at)
        if word is not None:
            found.append(Token(word=word, text=match.group(), parts=match.groupdict()))
        at = match.end()
    return found


def _first_word(text: str, at: int) -> tuple[Word | None, re.Match[str]]:
    for word, pattern in _COMPILED:
        match = pattern.match(text, at)
        if match is not None and match.end() > at:
            return word, match
    raise RuleError("not understood", text[at:])


def weekdays_of(text: str) -> frozenset[int]:
    """Weekdays of a list such as 周一至周三、五, 周六日, mon-fri or 平日, 0 for Monday."""
    if text.startswith(("平日", "weekday")):
        return frozenset(range(5))
    pieces = re.findall(rf"{_EN_DAY}|[{_CN_DAYS}天1-7]|[-~]|至|到|to", text)
    days: set[int] = set()
    last: int | None = None
    ranged = False
    for piece in pieces:
        if piece in {"-", "~", "至", "到", "to"}:
            if last is None:
                raise RuleError("not understood", text)
            ranged = True
            continue
        day = _weekday(piece)
        if ranged and last is not None:
            days.update((last + step) % len(DAYS) for step in range((day - last) % len(DAYS) + 1))
            last = None
        else:
            days.add(day)
            last = day
        ranged = False
    return frozenset(days)


def _weekday(piece: str) -> int:
    if piece.isdigit():
        return int(piece) - 1
    if piece == "天":
        return DAYS.index("Su")
    return _CN_DAYS.index(piece) if piece in _CN_DAYS else DAYS.index(piece[:2].capitalize())
