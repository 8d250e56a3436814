/* messages.c: see messages.h. */
#include "messages.h"

#include <string.h>

#include "cleanup.h"

static const struct {
    const char *texts[LANGUAGE_COUNT];
} messages[MESSAGE_COUNT] = {
#define MESSAGE(id, en, zh) [MESSAGE_##id] = {{en, zh}},
#include "messages.def"
#undef MESSAGE
};

static const struct {
    const char *word, *texts[LANGUAGE_COUNT];
} words[] = {
    {"unset", {"-", "-"}},
    {"general", {"general", "一般"}},
    {"important", {"important", "重要"}},
    {"urgent", {"urgent", "紧急"}},
    {"new", {"new", "新建"}},
    {"triaged", {"triaged", "已分级"}},
    {"assigned", {"assigned", "已派单"}},
    {"in_progress", {"in progress", "处理中"}},
    {"waiting", {"waiting", "等待"}},
    {"resolved", {"resolved", "已解决"}},
    {"closed", {"closed", "已关闭"}},
    {"cancelled", {"cancelled", "已取消"}},
    {"untested", {"untested", "未检测"}},
    {"pending", {"pending", "待确认"}},
    {"confirmed", {"confirmed", "已确认"}},
    {"healed", {"healed", "已恢复"}},
    {"stale", {"stale", "失联"}},
    {"cleared", {"cleared", "已清除"}},
    {"aged", {"aged", "已老化"}},
    {"triage", {"triage", "分级"}},
    {"first_response", {"first response", "首次响应"}},
    {"running", {"running", "计时中"}},
    {"met", {"met", "达标"}},
    {"breached", {"breached", "已超时"}},
    {"met_late", {"met late", "超时完成"}},
    {"no_target", {"no target", "无时限"}},
    {"known", {"known", "已登记"}},
    {"blocked", {"blocked", "已封锁"}},
    {"unblocked", {"no longer blocked", "已解除封锁"}},
    {"fault", {"fault", "故障"}},
    {"health", {"health", "健康"}},
    {"evicted", {"evicted", "挤出"}},
    {"expired", {"expired", "过期"}},
    {"corrupt", {"corrupt", "损坏"}},
    {"refused", {"refused", "被拒绝"}},
    {"enrolled", {"enrolled", "新登记"}},
    {"online", {"online", "上线"}},
    {"offline", {"offline", "离线"}},
    {"stopped", {"stopped", "已停止"}},
    {"lost", {"connection lost", "连接中断"}},
    {"silent", {"silent", "无消息"}},
    {"unknown", {"unknown", "未知"}},
    {"spool_reset", {"spool reset", "缓存重置"}},
    {"inventory", {"parts or firmware changed", "零件或固件变更"}},
    {"cloned", {"cloned identity", "身份被克隆"}},
    {"numbers_reused", {"numbers used twice", "编号重复使用"}},
};

const char *message_text(enum language lang, enum message m)
{
    return messages[m].texts[lang];
}

void message_write(FILE *out, enum language lang, enum message m, const char *const *args)
{
    const char *text = message_text(lang, m), *hole;

    for (; (hole = strstr(text, "{}")) && *args; text = hole + 2)
        fprintf(out, "%.*s%s", (int)(hole - text), text, *args++);
    fputs(text, out);
}

void message_complain(FILE *err, enum language lang, enum message m, const char *const *args)
{
    fputs("faultline: ", err);
    message_write(err, lang, m, args);
    putc('\n', err);
}

const char *message_word(enum language lang, const char *word)
{
    for (size_t i = 0; i < countof(words); i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].texts[lang];
    return word;
}

bool language_from_word(const char *word, enum language *ret)
{
    static const char *const names[LANGUAGE_COUNT] = {"en", "zh"};

    for (unsigned i = 0; i < LANGUAGE_COUNT; i++)
        if (strcmp(word, names[i]) == 0) {
            *ret = (enum language)i;
            return true;
        }
    return false;
}

enum language language_from_locale(const char *locale)
{
    return locale && strncmp(locale, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
}
