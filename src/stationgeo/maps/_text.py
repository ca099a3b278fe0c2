"""Every word that a map shows, in Chinese and in English; the page's script has none of its own."""

from __future__ import annotations

from typing import Literal, get_args

from stationgeo.errors import ParameterError, suggest

__all__ = ["LANGUAGES", "Language", "check_language", "html_language", "label", "texts"]

Language = Literal["zh", "en", "both"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_TEXTS: dict[str, tuple[str, str]] = {
    "title": ("站点覆盖地图", "Station coverage"),
    # what fills the map
    "themes": ("底图着色", "Shading"),
    "theme:class": ("覆盖类别", "Coverage class"),
    "theme:demand": ("需求", "Demand"),
    "theme:share": ("覆盖率", "Covered share"),
    "theme:none": ("不着色", "No shading"),
    "overlays": ("叠加图层", "Overlays"),
    "overlay:sites": ("建议选址", "Proposed sites"),
    "overlay:cluster": ("站点群(不计数)", "Clusters (not counted)"),
    "overlay:streets": ("道路", "Streets"),
    "overlay:borders": ("区划边界", "Zone borders"),
    "overlay:names": ("名称", "Names"),
    # classes and families
    "class:warm_bee_only": ("仅暖蜂类站点", "Warm-bee type only"),
    "class:service_centre_only": ("仅党群服务中心类", "Service centres only"),
    "class:both": ("两类都有", "Both"),
    "class:neither": ("均未覆盖", "Neither"),
    "family:warm_bee": ("暖蜂类站点", "Warm-bee type stations"),
    "family:service_centre": ("党群服务中心类", "Service centres"),
    # levels of zones: a 街道 is no road, so English does not call it a street
    "level:grid": ("网格", "Grid"),
    "level:community": ("社区", "Community"),
    "level:street": ("街道", "Subdistrict"),
    "level:district": ("区", "District"),
    "level:city": ("市", "City"),
    # the legend
    "legend": ("图例", "Legend"),
    "breaks:quantile": ("按分位数分级,每级单元数相近", "quantile classes: about equally many cells in each"),
    "breaks:equal": ("等距分级", "equal intervals"),
    "no_demand": ("无需求", "No demand"),
    "strengths": (
        "深:合计占 {share} 需求的单元;中:其余有需求的单元;浅:可达但无需求",
        "Strong: the busiest cells, {share} of demand; middle: other demand; pale: in reach, no demand",
    ),
    "cells_of": ("六边形单元,H3 分辨率", "Hexagonal cells, H3 resolution"),
    # the headline
    "covered_share": ("需求覆盖率", "of demand is covered"),
    "stations_counted": ("计入站点", "Stations counted"),
    "clusters": ("站点群(不计数)", "Clusters (not counted)"),
    "blank_zones": ("空白区划 / 有需求的", "Blank zones / with demand"),
    "outside_demand": ("区划之外的需求", "Demand outside the zones"),
    "demand_total": ("需求总量", "Demand in all"),
    "with_sites": ("加上建议选址", "With the proposed sites"),
    "points_unit": ("个百分点", "points"),
    "status:optimal": ("已证明最优", "proven optimal"),
    "status:feasible": ("可行解", "feasible"),
    "status:stopped": ("提前停止", "stopped early"),
    "status:infeasible": ("无可行方案", "infeasible"),
    "by_reach_alone": (
        "选址只看可达,不看服务与开放时间",
        "sites are counted by reach alone, whatever stations offer and when",
    ),
    "at_most": ("未知项全为“有”时的覆盖率", "Covered, were all that is not known a yes"),
    "outside_counted": ("含区划之外的需求", "of all demand, outside the zones too"),
    "within": ("与最优上界差距", "gap to the best possible"),
    # tooltips
    "cell": ("单元", "Cell"),
    "demand": ("需求", "Demand"),
    "covered": ("已覆盖", "Covered"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "class": ("类别", "Class"),
    "n_stations": ("可达站点数", "Stations in reach"),
    "nearest": ("最近站点", "Nearest station"),
    "way": ("距离", "Distance"),
    "way_s": ("用时", "Time"),
    "beyond": ("可达范围内无站点", "none in reach"),
    "zone": ("所属区划", "Zone"),
    "covered_share_of": ("覆盖率", "Covered share"),
    "stations_here": ("区内站点", "Stations inside"),
    "kind": ("类型", "Kind"),
    "hours": ("开放时间", "Opening hours"),
    "unknown": ("未知", "unknown"),
    "demand_in_reach": ("可达需求", "Demand in reach"),
    "demand_unique": ("仅此站可达", "Reached by it alone"),
    "same_place": ("同一地点", "Same place"),
    "not_counted": ("站点群,不计入站点数", "cluster, not counted as a station"),
    "rank": ("排名", "Rank"),
    "action": ("措施", "Action"),
    "host": ("承办方", "Host"),
    "demand_gain": ("新增覆盖需求", "Demand newly covered"),
    "cumulative_share": ("累计覆盖率", "Cumulative share"),
    "cost_build": ("建设成本", "Cost to build"),
    "cost_per_year": ("年运行成本", "Cost per year"),
    "action:new": ("新建", "new"),
    "action:upgrade": ("升级", "upgrade"),
    "action:extend_hours": ("延长开放", "extend hours"),
    "action:add_service": ("增加服务", "add a service"),
    "action:relocate": ("迁址", "relocate"),
    # controls
    "home": ("全图", "Whole map"),
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
}


def check_language(language: str) -> Language:
    """Hold the name of a language against those that maps speak.

    Parameters
    ----------
    language
        ``"zh"``, ``"en"`` or ``"both"``.

    Returns
    -------
    Language
        The same.

    Raises
    ------
    ParameterError
        If it is none of them.

    Examples
    --------
    >>> check_language("zh")
    'zh'
    """
    for known in LANGUAGES:
        if language == known:
            return known
    raise ParameterError(f"language must be one of zh, en, both. Got {language!r} instead; "
                         f"{suggest(str(language), LANGUAGES)}")  # fmt: skip


def label(zh: str, en: str, *, language: Language) -> str:
    """Choose between a Chinese and an English text, or set them side by side.

    Parameters
    ----------
    zh, en
        The text in both languages.
    language
        Which is wanted.

    Returns
    -------
    str
        One of them, or both with a space between.

    Examples
    --------
    >>> label("需求", "Demand", language="both")
    '需求 Demand'
    """
    if language == "both":
        return zh if zh == en else f"{zh} {en}"
    return zh if language == "zh" else en


def texts(language: Language) -> dict[str, str]:
    """Return every text of a map.

    Parameters
    ----------
    language
        ``"zh"``, ``"en"`` or ``"both"``.

    Returns
    -------
    dict
        By key, in the order they were written down.

    Examples
    --------
    >>> texts("en")["class:neither"]
    'Neither'
    """
    return {key: label(zh, en, language=language) for key, (zh, en) in _TEXTS.items()}


def html_language(language: Language) -> str:
    """Return what a page's ``lang`` says, by which browsers choose between Chinese and Japanese glyphs.

    Parameters
    ----------
    language
        The language of the map.

    Returns
    -------
    str
        A language tag.

    Examples
    --------
    >>> html_language("both")
    'zh-Hans'
    """
    return "en" if language == "en" else "zh-Hans"
