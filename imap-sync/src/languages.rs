//! What mail programs call the special folders, language by language.
//!
//! Gathered from the names that widely used clients and servers make by themselves. A name that stands for one use in one
//! program and for another in the next (`Sampah`, `Otpad`, `Giden`, `Outbox` and its translations) is left out: a wrong
//! guess would mix two folders, a missing one only keeps a name.

/// The attribute (RFC 6154) of the use a name stands for, compared without case.
pub(crate) fn find(name: &str) -> Option<&'static str> {
    let folded = name.trim().to_lowercase();
    let known = |list: &str| list.split('|').any(|known| known.to_lowercase() == folded);
    let mut columns = LANGUAGES.iter().flat_map(|(_, names)| USES.into_iter().zip(names));
    columns.find(|(_, list)| known(list)).map(|(attribute, _)| attribute)
}

/// The order of the columns.
const USES: [&str; 5] = ["\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"];

#[rustfmt::skip]
const LANGUAGES: [(&str, [&str; 5]); 37] = [
    ("ar", ["أرشيف|الأرشيف", "المسودات|مسودات", "البريد غير المرغوب فيه|غير المرغوب|البريد المزعج",
        "المرسل|العناصر المرسلة|البريد المرسل", "المهملات|سلة المهملات|العناصر المحذوفة"]),
    ("bg", ["Архив", "Чернови", "Спам|Нежелана поща", "Изпратени|Изпратени елементи|Изпратена поща",
        "Кошче|Изтрити елементи"]),
    ("ca", ["Arxiu", "Esborranys", "Correu brossa", "Enviats|Elements enviats", "Paperera|Elements suprimits"]),
    ("cs", ["Archiv", "Koncepty|Rozepsané", "Nevyžádaná pošta|Nevyžádané", "Odeslané|Odeslaná pošta|Odeslané zprávy",
        "Koš|Odstraněná pošta|Odstraněné zprávy"]),
    ("da", ["Arkiv|Arkivér", "Kladder|Udkast", "Uønsket mail|Uønsket e-mail|Uønsket post",
        "Sendt|Sendt post|Sendte elementer|Sendte", "Papirkurv|Slettet post|Slettede elementer"]),
    ("de", ["Archiv|Archive", "Entwürfe|Entwurf", "Spamverdacht|Junk-E-Mail|Unerwünscht|Unerwünschte Werbung|Werbung",
        "Gesendet|Gesendete Objekte|Gesendete Elemente|Gesendete Nachrichten",
        "Papierkorb|Gelöscht|Gelöschte Objekte|Gelöschte Elemente"]),
    ("el", ["Αρχείο|Αρχειοθήκη", "Πρόχειρα", "Ανεπιθύμητα|Ανεπιθύμητη αλληλογραφία", "Απεσταλμένα",
        "Κάδος|Κάδος απορριμμάτων|Διαγραμμένα"]),
    ("en", ["Archive|Archives|Archived", "Drafts|Draft|Draft Messages",
        "Junk|Spam|Junk E-mail|Junk Email|Junk Mail|Bulk Mail|Bulk",
        "Sent|Sent Items|Sent Messages|Sent Mail|Sent-Mail|sent-mail|Sent Objects",
        "Trash|Deleted Items|Deleted Messages|Deleted|Bin|Deleted Objects"]),
    ("es", ["Archivo|Archivados", "Borradores|Borrador", "Correo no deseado|Correo basura|No deseado",
        "Enviados|Elementos enviados|Mensajes enviados", "Papelera|Elementos eliminados|Eliminados"]),
    ("et", ["Arhiiv", "Mustandid", "Rämpspost", "Saadetud|Saadetud kirjad|Saadetud üksused",
        "Prügikast|Prügi|Kustutatud üksused"]),
    ("fa", ["بایگانی", "پیش‌نویس‌ها|پیش نویس ها", "هرزنامه", "ارسال شده|فرستاده‌شده", "زباله‌دان|سطل زباله"]),
    ("fi", ["Arkisto", "Luonnokset", "Roskaposti", "Lähetetyt|Lähetetty|Lähetetyt viestit", "Roskakori|Poistetut"]),
    ("fr", ["Archives", "Brouillons|Brouillon", "Courrier indésirable|Indésirables|Pourriels|Pourriel",
        "Envoyés|Éléments envoyés|Messages envoyés|Objets envoyés|Envoyé",
        "Corbeille|Éléments supprimés|Messages supprimés"]),
    ("gl", ["Arquivar", "Rascuños", "Correo lixo", "Elementos enviados", "Elementos eliminados"]),
    ("he", ["ארכיון", "טיוטות", "דואר זבל|דואר אשפה|זבל", "נשלח|פריטים שנשלחו|דואר יוצא שנשלח", "אשפה|פריטים שנמחקו"]),
    ("hi", ["संग्रह", "ड्राफ़्ट|ड्राफ्ट", "स्पैम", "भेजे गए|भेजा गया", "कचरा|ट्रैश"]),
    ("hr", ["Arhiva", "Skice|Predlošci", "Neželjena pošta|Neželjeno", "Poslano|Poslane stavke", "Smeće|Izbrisane stavke"]),
    ("hu", ["Archívum", "Piszkozatok", "Levélszemét|Kéretlen", "Elküldött|Elküldött elemek|Elküldött üzenetek|Küldöttek",
        "Lomtár|Kuka|Törölt elemek"]),
    ("id", ["Arsip", "Draf|Konsep", "Email Sampah", "Terkirim|Item Terkirim", "Item Dihapus|Surat Terhapus"]),
    ("it", ["Archivio", "Bozze", "Posta indesiderata|Indesiderata", "Inviata|Posta inviata|Inviati|Messaggi inviati",
        "Cestino|Posta eliminata|Eliminati"]),
    ("ja", ["アーカイブ|保管", "下書き|草稿", "迷惑メール", "送信済み|送信済みアイテム|送信済みメール|送信済みトレイ",
        "ゴミ箱|ごみ箱|削除済みアイテム"]),
    ("ko", ["보관|보관함|아카이브", "임시 보관함|임시보관함|초안", "스팸|스팸 편지함|스팸메일함|정크 메일|스팸메일",
        "보낸 편지함|보낸편지함|보낸메일함|보낸 항목", "휴지통|지운 편지함|지운 편지함|지운 항목"]),
    ("lt", ["Archyvas", "Juodraščiai", "Brukalas|Šlamštas", "Išsiųsti|Išsiųsti laiškai", "Šiukšlinė|Šiukšliadėžė"]),
    ("lv", ["Arhīvs", "Melnraksti|Uzmetumi", "Mēstules|Surogātpasts", "Nosūtītie|Nosūtītās|Nosūtītie vienumi",
        "Atkritne|Papīrgrozs|Izdzēstie vienumi"]),
    ("nb", ["Arkiv", "Utkast|Kladd", "Søppelpost", "Sendt|Sendte elementer|Sendte", "Slettet|Papirkurv|Slettede elementer|Søppel"]),
    ("nl", ["Archief", "Concepten|Concept", "Ongewenste e-mail|Ongewenst|Ongewenste reclame",
        "Verzonden|Verzonden items|Verzonden berichten|Verzonden objecten",
        "Prullenbak|Prullenmand|Verwijderde items|Verwijderde berichten"]),
    ("pl", ["Archiwum", "Szkice|Kopie robocze|Wersje robocze|Robocze", "Wiadomości-śmieci|Niechciane",
        "Wysłane|Elementy wysłane|Wiadomości wysłane", "Kosz|Elementy usunięte|Usunięte"]),
    ("pt", ["Arquivo|Arquivo Morto|Arquivados", "Rascunhos|Rascunho", "Lixo Eletrônico|Lixo eletrónico|Correio não solicitado|Lixo Electrónico",
        "Itens Enviados|Mensagens enviadas|Enviadas|Enviado|Enviados", "Lixeira|Itens Excluídos|Lixo|Reciclagem|Itens eliminados"]),
    ("ro", ["Arhivă", "Ciorne|Schițe", "Nedorite|Mesaje nedorite", "Trimise|Elemente trimise|Mesaje trimise",
        "Gunoi|Coș de gunoi|Elemente șterse|Coș"]),
    ("ru", ["Архив", "Черновики", "Спам|Нежелательная почта|Рассылки и спам", "Отправленные|Отправленные письма|Отправлено",
        "Корзина|Удаленные|Удалённые"]),
    ("sk", ["Archív", "Koncepty|Rozpísané", "Nevyžiadaná pošta|Nevyžiadané", "Odoslané|Odoslaná pošta|Odoslané správy",
        "Kôš|Odstránená pošta|Odstránené položky"]),
    ("sl", ["Arhiv", "Osnutki", "Neželena pošta|Neželena sporočila", "Poslano|Poslani elementi", "Smeti|Koš|Izbrisani elementi"]),
    ("sr", ["Архива|Arhiva", "Нацрти|Nacrti|Радне верзије", "Нежељена пошта|Непожељно", "Послате|Послато|Poslato", "Смеће|Канта"]),
    ("sv", ["Arkiv", "Utkast", "Skräppost|Skräp", "Skickat|Skickade|Skickade objekt|Skickade meddelanden",
        "Papperskorg|Papperskorgen|Borttaget|Borttagna objekt"]),
    ("tr", ["Arşiv", "Taslaklar|Taslak", "İstenmeyen|Önemsiz|Önemsiz E-posta|İstenmeyen Posta",
        "Gönderilmiş Öğeler|Gönderilenler|Gönderilmiş|Gönderilmiş Postalar|Gönderilen", "Çöp|Çöp Kutusu|Silinmiş Öğeler|Silinenler"]),
    ("uk", ["Архів", "Чернетки", "Спам|Небажана пошта", "Надіслані|Відправлені", "Кошик|Видалені|Смітник"]),
    ("zh", ["归档|存档|封存|已归档邮件", "草稿|草稿箱|草稿匣|草稿夹", "垃圾邮件|垃圾郵件|垃圾信件",
        "已发送|已发送邮件|已发邮件|寄件備份|已傳送的郵件|寄件備份匣|已寄出|已傳送郵件",
        "已删除邮件|已删除|废件箱|废纸篓|垃圾桶|刪除的郵件|已刪除的郵件|資源回收筒"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_name_stands_for_two_uses() {
        let mut seen: BTreeMap<String, (&str, &str)> = BTreeMap::new();
        for (language, names) in LANGUAGES {
            for (special, name) in USES
                .into_iter()
                .zip(names)
                .flat_map(|(special, list)| list.split('|').map(move |name| (special, name)))
            {
                assert!(!name.is_empty() && name.trim() == name, "{language} {name:?}");
                let first = seen.entry(name.to_lowercase()).or_insert((special, language));
                assert_eq!(first.0, special, "{name} is something else in {}", first.1);
            }
        }
    }

    #[test]
    fn languages_are_in_order_and_once() {
        assert!(LANGUAGES.is_sorted_by(|one, other| one.0 < other.0));
    }
}
