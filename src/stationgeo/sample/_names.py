"""Invented Chinese names. None is a real administrative unit, company or station."""

from __future__ import annotations

__all__ = ["BANKS", "COMPOUNDS", "DISTRICTS", "SHOPS", "STREETS", "community_name", "numbered", "road_name"]

DISTRICTS = ("云溪区", "澄江区", "松原岭区", "白鹭洲区", "青屏区", "望海岭区")
STREETS = ("望江", "青石", "松岭", "白鹭", "新河", "沙浦", "桐山", "临港", "映月", "石桥", "龙泉湾", "柳浪")
RIVER = "云溪河"
HILL = "望云山"

_COMMUNITY_FIRST = ("翠", "锦", "福", "安", "和", "景", "新", "东", "西", "南", "长", "永", "荷", "梅", "竹", "桂")
_COMMUNITY_LAST = ("园", "湖", "岭", "塘", "围", "坊", "苑", "田")
_ROAD_FIRST = ("迎宾", "滨河", "文昌", "振兴", "建业", "学府", "朝阳", "春风", "红荔", "莲塘", "金穗", "银湖", "兴业",
               "同心", "和平", "民生", "丰收", "友谊", "康乐", "梧桐", "玉兰", "紫荆", "木棉", "榕树", "凤凰", "观澜",
               "听涛", "望月", "揽翠", "知行")  # fmt: skip
SHOPS = ("老张面馆", "好邻居便利店", "百草药房", "阿婆糖水", "顺风修车行", "早安包子铺", "清泉水站", "兴隆五金",
         "小城快餐", "四季果业", "同乐茶餐厅", "老街理发店", "晨光文具", "一品粥铺", "阿明手机维修")  # fmt: skip
BANKS = ("云溪农商行", "澄江银行", "望云城商行")
COMPOUNDS = ("翠湖花园", "锦绣华庭", "云溪雅苑", "江畔名居", "松涛小区", "金桂园", "碧水湾", "学林雅居", "阳光家园",
             "荷塘月色", "半山公馆", "福满新村")  # fmt: skip

_DIGITS = "零一二三四五六七八九"


def numbered(names: tuple[str, ...], number: int) -> str:
    """Return the `number`-th name, with a Chinese numeral behind it once the names have run out."""
    turn, index = divmod(number, len(names))
    return names[index] + ("" if turn == 0 else "".join(_DIGITS[int(digit)] for digit in str(turn + 1)))


def community_name(number: int) -> str:
    """Return the name of the `number`-th community, without 社区."""
    first, last = _COMMUNITY_FIRST, _COMMUNITY_LAST
    plain = first[number % len(first)] + last[(number // len(first) + number) % len(last)]
    turn = number // (len(first) * len(last))
    return plain if turn == 0 else numbered((plain,), turn)


def road_name(number: int, *, east: bool, arterial: bool) -> str:
    """Return the name of the `number`-th line of streets of a family."""
    kind = ("大道" if arterial else "街") if east else ("大道" if arterial else "路")
    offset = 11 if east else 0
    return numbered(_ROAD_FIRST, number + offset) + kind
