"""The texts that the probes of `tokens` are chosen from.

They are pangrams, verses and long words that everybody quotes, and lines that were written for this project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BEFORE = "Reply with the word OK and nothing else, whatever follows.\n\n"
# No template can merge anything with the text between: it ends alike in all.
AFTER = "\n\nEnd"

# A short text: the counts of the others are compared with its count.
BARE = "x"


@dataclass(frozen=True)
class Group:
    """Texts of one kind.

    Attributes:
        chosen: How many of them become probes. Without it nearly all would be of rare scripts.
        texts: The texts by name.
    """

    chosen: int
    texts: Mapping[str, str]


POOL = (
    # Digits
    Group(
        3,
        {
            "digits": "271828182845904523536028747135266249775724709369995957496696762772407663035354759",
            "numbers": "7 42 365 1024 65536 1,000,000 3.14159 -273.15 6.022e23 0x7fff 1/128 99.999 % 2024-02-29 23:59:59",
            "grouped": "1 12 123 1234 12345 123456 1234567 12345678 123456789 1234567890",
            "telephone": "+358 40 123 4567, (0)20-7946-0958, 192.168.100.254:8080, 2001:db8::ff00:42:8329, v12.34.567-rc8",
            "zeros": "000000000000 00000 0.000000001 1000000000000 10000 100",
        },
    ),
    # Whitespace
    Group(
        3,
        {
            "spaces": "one two  three   four    five     six      seven       eight        nine         ten          end",
            "newlines": "a\n\nb\n\n\nc\n\n\n\nd\n\n\n\n\ne\n\n\n\n\n\nf",
            "tabs": "a\tb\t\tc\t\t\td\t\t\t\te\t\t\t\t\tf\r\ng\r\n\r\nh",
            "mixed-spaces": "a \n b  \n\tc\n\t\t d\n    e\n        f\n            g\n  \n   h\u00a0i\u3000j\u2003k\u200bl",
        },
    ),
    # Code
    Group(
        4,
        {
            "python": "class Queue:\n    def __init__(self, items=None):\n        self.items = list(items or [])\n\n    def pop(self):\n        if not self.items:\n            raise IndexError('empty')\n        return self.items.pop(0)",
            "c": '#include <stdio.h>\nint main(void){for(int i=0;i<10;++i){printf("%d\\n",i*i);}return(0);}//!=<=>=&&||->++--',
            "rust": "fn parse<'a>(input: &'a str) -> Result<Vec<u8>, Box<dyn Error>> { input.bytes().map(|b| Ok(b ^ 0x5a)).collect() }",
            "sql": "SELECT u.id, COUNT(*) AS n FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE u.created_at >= '2019-01-01' GROUP BY 1 HAVING COUNT(*) > 3;",
            "html": '<div class="row"><a href="/a?b=1&amp;c=2">x</a><!-- y --><br/></div>\n<style>.a>b{color:#fff}</style>',
            "shell": 'for f in *.tar.gz; do tar -xzf "$f" -C ./out && rm -rf -- "$f" || echo "$? ${f##*/}" >&2; done | grep -vE \'^#\' | awk \'{print $1}\'',
            "json": '{"id":10472,"tags":["α","β"],"nested":{"ok":true,"none":null,"list":[[1,2],[3,[4]]]},"url":"https://example.org/a?b=c&d=%20"}',
            "latex": "\\begin{align}\\nabla\\times\\mathbf{E}&=-\\frac{\\partial\\mathbf{B}}{\\partial t}\\\\\\oint_{C}f\\,dz&=2\\pi i\\sum_{k}\\mathrm{Res}\\end{align}",
            "regex": '^(?:[a-z0-9!#$%&\'*+/=?^_`{|}~-]+(?:\\.[a-z0-9]+)*|"(?:[\\x01-\\x08])*")@(?:\\[\\d{1,3}\\])$',
            "camel": "getUserAccountByIdOrThrow XMLHttpRequestEventTarget snake_case_with_many_parts SCREAMING_SNAKE_CASE kebab-case-too",
            "hex": "deadbeef 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 #c0ffee \\x1b[31m",
            "base64": "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gMTIzNDU2Nzg5MCEhPz8vLz09",
            "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8 {F47AC10B-58CC-4372-A567-0E02B2C3D479} sha256:e3b0c44298fc1c14",
            "markdown": "## **Title**\n\n- [ ] `code`\n  1. _x_ | y | z\n\n|---|:-:|\n> quote\n\n```js\nlet a=1\n```\n***",
            "url": "https://www.example.co.uk/~user/path_to/file-name.v2.min.js?query=%E4%BD%A0%E5%A5%BD&utm_source=x#L10-L20",
        },
    ),
    # Signs
    Group(
        3,
        {
            "emoji": "🙂🙃👍🏽👩‍👩‍👧‍👦🏳️‍🌈🇫🇮🇧🇷🧑‍🚒❤️‍🔥♟️🫠🦤🪿",
            "emoji-text": "ship it 🚀🚀🚀 lgtm ✅ 💯 😂😂😭 (╯°□°)╯︵ ┻━┻ ¯\\_(ツ)_/¯ ♥‿♥ ★☆★",
            "symbols": "→⇒↔⊕⊗≈≠≤≥∞√∂∇∈∉∪∩⊂⊃ §¶†‡•…‰′″ €£¥₹₽₿ ©®™ ½¼¾ ①②③ ⅷ ʰⁿ₂",
            "boxes": "┌──┬──┐\n│▲ │ ▼│\n├──┼──┤\n│█▓│▒░│\n└──┴──┘ ═══ ▁▂▃▄▅▆▇█ ⠋⠙⠹⠸",
            "mathematics": "∀ε>0 ∃δ>0: |x−a|<δ ⇒ |f(x)−f(a)|<ε; ∑_{n=1}^{∞} 1/n² = π²/6; 𝔸𝔹ℂ 𝑥𝒚𝖟",
            "repeats": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!!!!!!!!!!!!!!!!!!!!!!!!----------------========________________",
            "punctuation": "...,,,;;;:::??!!?!?!\"\"''``~~@@##$$%%^^&&**(())[[]]{{}}<<>>//\\\\||..!.?,-_+=~",
            "chemistry": "(2S,3R)-2-amino-3-hydroxybutanoic acid, C₁₇H₁₉NO₃, [Fe(CN)₆]³⁻, trinitrocyclohexylmethylenedioxyphenethylamine",
        },
    ),
    # Languages
    Group(
        5,
        {
            "capitals": "THE QUICK BROWN FOX DOES NOT JUMP. McDonald iPhone eBay LaTeX wHaT aBoUt ThIs NASA's HTTPs PhD",
            "contractions": "I'd've thought y'all'd say it ain't so; she'll, they've, we're, DON'T, O'Neill's, rock 'n' roll, 'twas, l'été d'Hélène",
            "russian": "Съешь же ещё этих мягких французских булок, да выпей чаю. Достопримечательностями, переосвидетельствование.",
            "ukrainian": "Щастям б'єш жук їх глицю в фон й ґедзь пріч. Незалежність, вищезазначений, п'ятдесятирічний.",
            "bulgarian": "Жълтата дюля беше щастлива, че пухът, който цъфна, замръзна като гьон. Непротивоконституционствувателствувайте.",
            "german": "Donaudampfschifffahrtsgesellschaftskapitän, Rindfleischetikettierungsüberwachungsaufgaben, Straßenfußgänger",
            "dutch": "Aansprakelijkheidswaardevaststellingsveranderingen, kindercarnavalsoptochtvoorbereidingen, geüniformeerd, zeeën",
            "finnish": "Epäjärjestelmällistyttämättömyydellänsäkäänköhän lentokonesuihkuturbiinimoottoriapumekaanikko",
            "hungarian": "Megszentségteleníthetetlenségeskedéseitekért, árvíztűrő tükörfúrógép, legeslegmegvesztegethetetlenebb",
            "turkish": "Çekoslovakyalılaştıramadıklarımızdan mısınız? Pijamalı hasta yağız şoföre çabucak güvendi. İIıi",
            "polish": "Zażółć gęślą jaźń. W Szczebrzeszynie chrząszcz brzmi w trzcinie. Konstantynopolitańczykowianeczka.",
            "czech": "Příliš žluťoučký kůň úpěl ďábelské ódy. Nejneobhospodařovávatelnějšími. Strč prst skrz krk.",
            "icelandic": "Kæmi ný öxi hér, ykist þjófum nú bæði víl og ádrepa. Vaðlaheiðarvegavinnuverkfærageymsluskúr.",
            "french": "Voix ambiguë d'un cœur qui, au zéphyr, préfère les jattes de kiwis. Anticonstitutionnellement, là-haut, aujourd'hui.",
            "portuguese": "À noite, vovô Kowalsky vê o ímã cair no pé do pinguim. Inconstitucionalissimamente, ações, mãe.",
            "spanish": "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío. ¿Añoraba? ¡Electroencefalografista!",
            "italian": "Quel vituperabile xenofobo zelante assaggia il whisky ed esclama: alleluja! Precipitevolissimevolmente.",
            "vietnamese": "Do bạch kim rất quý nên sẽ dùng để lắp vô xương. Tiếng Việt có sáu thanh điệu, nghiêng ngả khúc khuỷu.",
            "indonesian": "Mempertanggungjawabkan ketidakberuntungan seberapa jauhnya, anak-anak bermain-main di pekarangan.",
            "swahili": "Wanaopendekezana hawatakusahaulisha; kinachoniliwaza ni kutokufanyiana ubaya asubuhi na mapema.",
            "latin": "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae; honorificabilitudinitatibus.",
            "rare": "syzygy borborygmus floccinaucinihilipilification Llanfairpwllgwyngyllgogerychwyrndrobwll qwrtzx vbnmpl",
            "names": "Nguyễn Thị Ánh, Øystein Ærlighed, Łukasz Brzęczyszczykiewicz, Siobhán Ní Dhuibhne, X Æ A-12, Ahmadinejād",
            "slang": "lmaooooo brb ttyl gonna wanna kinda smh fr fr no cap yeet sksksk hahahahaha pls thx u r gr8 2moro",
            "accents": "Ça déçoit l'été à l'œil; Åse Øre; ñandú; ŝaŭmo; ḥaḍramawt; Māori whānau; ʻokina; Čeština; ßtraße; ĳs; ﬁn",
        },
    ),
    # Scripts
    Group(
        5,
        {
            "chinese": "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。龘靐齉爩鱻麤籲",
            "chinese-modern": "人工智能模型正在改变我们的工作方式，但是数据安全问题仍然需要认真对待。截至二〇二四年底，已有超过三百家公司参与。",
            "traditional": "臺灣鐵路管理局於週六宣布，因颱風影響，縱貫線部分車次暫停行駛，請旅客留意。",
            "cantonese": "佢哋琴日喺嗰度食咗嘢，啲嘢好好味㗎，你哋幾時嚟㖞？冇問題嘅。",
            "japanese": "いろはにほへと ちりぬるを　わかよたれそ　つねならむ。カタカナ、ｶﾀｶﾅ、漢字仮名交じり文。",
            "japanese-modern": "お世話になっております。先日ご依頼いただいた見積書を添付いたしましたので、ご確認のほどよろしくお願いいたします。",
            "korean": "동해 물과 백두산이 마르고 닳도록, 안녕하세요 반갑습니다. 뷁쀍똠방각하",
            "korean-modern": "오늘 회의에서는 신제품 출시 일정과 마케팅 예산을 다시 검토하기로 했습니다.",
            "arabic": "نص حكيم له سر قاطع وذو شأن عظيم، مكتوب على ثوب أخضر ومغلف بجلد أزرق.",
            "arabic-marks": "صِف خَلقَ خَودِ كَمِثلِ الشَمسِ إِذ بَزَغَت، يَحظى الضَجيعُ بِها نَجلاءَ",
            "persian": "این یک نوشتهٔ آزمایشی است؛ می‌خواهیم بدانیم که نیم‌فاصله‌ها و رقم‌های ۱۲۳۴۵ چگونه شمرده می‌شوند.",
            "urdu": "ٹھنڈی ہوا میں چھوٹے بچے گھر کے باہر کھیل رہے تھے، اور بوڑھے لوگ چائے پیتے تھے۔",
            "hebrew": "דג סקרן שט בים מאוכזב ולפתע מצא לו חברה. בְּרֵאשִׁית, שָׁלוֹם, ירושלים.",
            "greek": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Σκουληκομυρμηγκότρυπα, πολυπραγμοσύνη, ἄνδρα μοι ἔννεπε Μοῦσα.",
            "hindi": "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश करने वाले विष्णुवतार भगवान श्रीराम",
            "bengali": "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি। জ্ঞানবৃক্ষের ছায়ায় শিক্ষার্থীরা পড়ে।",
            "tamil": "யாமறிந்த மொழிகளிலே தமிழ்மொழி போல் இனிதாவது எங்கும் காணோம்",
            "telugu": "దేశ భాషలందు తెలుగు లెస్స అని శ్రీకృష్ణదేవరాయలు అన్నారు",
            "thai": "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน",
            "khmer": "កម្ពុជាជាប្រទេសមួយដែលមានប្រវត្តិយូរលង់",
            "burmese": "မြန်မာစာသည် လှပသော အက္ခရာများဖြင့် ရေးသားထားသည်",
            "georgian": "საქართველოს დედაქალაქი თბილისია, ვეფხისტყაოსანი ჯავშანჯაფარიძე",
            "armenian": "Բոլոր մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ",
            "amharic": "ሰላም ለዓለም ሁሉ፤ የኢትዮጵያ ህዝብ በብዙ ቋንቋዎች ይናገራል",
            "tibetan": "བོད་ཡིག་ནི་ཤིན་ཏུ་གནའ་བོའི་ཡི་གེ་ཞིག་ཡིན།",
            "cherokee": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎠᎴ ᏗᎪᏪᎵ ᐃᓄᒃᑎᑐᑦ ᚠᚢᚦᚨᚱᚲ 𒀭𒈹 𓀀𓁐",
        },
    ),
)
"""Texts that tokenizers are expected to count differently."""
