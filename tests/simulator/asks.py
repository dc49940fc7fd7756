"""Bodies of requests, as text: those that mailbot sends, and a few more."""


class Asks:
    """Each method gives the element that stands in the SOAP body, or a part of one."""

    SIZE = '<t:ExtendedFieldURI PropertyTag="0x0E08" PropertyType="Long"/>'
    AMSTERDAM = (
        "<t:TimeZone><t:Bias>-60</t:Bias>"
        "<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
        "<t:Month>10</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
        "<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
        "<t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
    )

    @staticmethod
    def place(folder: str, address: str | None = None) -> str:
        mailbox = f"<t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox>" if address else ""
        return f'<t:DistinguishedFolderId Id="{folder}">{mailbox}</t:DistinguishedFolderId>'

    def find_folder(
        self,
        address: str | None = None,
        *,
        restriction: str = "",
        properties: str = SIZE,
        below: str = "root",
        offset: int = 0,
        limit: int = 1000,
        traversal: str = "Deep",
        base: str = "IdOnly",
    ) -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        return (
            f'<m:FindFolder Traversal="{traversal}"><m:FolderShape><t:BaseShape>{base}</t:BaseShape>{more}'
            f'</m:FolderShape><m:IndexedPageFolderView MaxEntriesReturned="{limit}" Offset="{offset}" '
            f'BasePoint="Beginning"/>{self.limits(restriction)}'
            f"<m:ParentFolderIds>{self.place(below, address)}</m:ParentFolderIds>"
            "</m:FindFolder>"
        )

    def get_folder(self, *folders: str, address: str | None = None, properties: str = "") -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        ids = "".join(self.place(folder, address) for folder in folders)
        return (
            f"<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>{more}</m:FolderShape>"
            f"<m:FolderIds>{ids}</m:FolderIds></m:GetFolder>"
        )

    @staticmethod
    def get_reply(address: str) -> str:
        return (
            "<m:GetUserOofSettingsRequest><t:Mailbox>"
            f"<t:Address>{address}</t:Address></t:Mailbox></m:GetUserOofSettingsRequest>"
        )

    @staticmethod
    def set_reply(address: str, state: str, text: str, start: str = "", end: str = "") -> str:
        period = ""
        if start:
            period = (
                f"<t:Duration><t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime></t:Duration>"
            )
        return (
            f"<m:SetUserOofSettingsRequest><t:Mailbox><t:Address>{address}</t:Address></t:Mailbox>"
            f"<t:UserOofSettings><t:OofState>{state}</t:OofState><t:ExternalAudience>All</t:ExternalAudience>"
            f"{period}<t:InternalReply><t:Message>{text}</t:Message></t:InternalReply><t:ExternalReply>"
            f"<t:Message>{text}</t:Message></t:ExternalReply></t:UserOofSettings></m:SetUserOofSettingsRequest>"
        )

    @staticmethod
    def rules(address: str) -> str:
        return f"<m:GetInboxRules><m:MailboxSmtpAddress>{address}</m:MailboxSmtpAddress></m:GetInboxRules>"

    def availability(
        self,
        *addresses: str,
        start: str = "2026-11-16T06:00:00",
        end: str = "2026-12-28T06:00:00",
        view: str = "FreeBusy",
        interval: int = 60,
        zone: str = AMSTERDAM,
    ) -> str:
        boxes = "".join(
            f"<t:MailboxData><t:Email><t:Address>{address}</t:Address></t:Email>"
            "<t:AttendeeType>Required</t:AttendeeType></t:MailboxData>"
            for address in addresses
        )
        return (
            f"<m:GetUserAvailabilityRequest>{zone}<m:MailboxDataArray>{boxes}</m:MailboxDataArray>"
            f"<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>{start}</t:StartTime><t:EndTime>{end}"
            f"</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>{interval}"
            f"</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>{view}</t:RequestedView>"
            "</t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>"
        )

    KEY = (
        '<t:ExtendedFieldURI PropertySetId="7c1c2f9e-4f0a-4a4e-8d7b-1b1d5a0f9e11" '
        'PropertyName="mailbot-key" PropertyType="String"/>'
    )

    def create(
        self,
        *to: str,
        sender: str,
        subject: str = "Even over je postvak",
        key: str = "k-1",
        message_id: str = "<k-1@voorbeeld.example>",
        quiet: bool = True,
        disposition: str = "SaveOnly",
    ) -> str:
        headers = ""
        if quiet:
            headers = (
                '<t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" '
                'PropertyName="X-Auto-Response-Suppress" PropertyType="String"/><t:Value>All</t:Value>'
                "</t:ExtendedProperty>"
            )
        people = "".join(f"<t:Mailbox><t:EmailAddress>{one}</t:EmailAddress></t:Mailbox>" for one in to)
        recipients = f"<t:ToRecipients>{people}</t:ToRecipients>" if people else ""
        return (
            f'<m:CreateItem MessageDisposition="{disposition}"><m:SavedItemFolderId>'
            f"{self.place('drafts' if disposition == 'SaveOnly' else 'sentitems', sender)}"
            f"</m:SavedItemFolderId><m:Items><t:Message><t:Subject>{subject}</t:Subject>"
            '<t:Sensitivity>Private</t:Sensitivity><t:Body BodyType="HTML">&lt;p&gt;Hoi&lt;/p&gt;</t:Body>'
            f"{headers}<t:ExtendedProperty>{self.KEY}<t:Value>{key}</t:Value></t:ExtendedProperty>"
            f"{recipients}<t:InternetMessageId>{message_id.replace('<', '&lt;').replace('>', '&gt;')}"
            "</t:InternetMessageId></t:Message></m:Items></m:CreateItem>"
        )

    def send(self, item_id: str, sender: str, change_key: str = "CQAAAA==") -> str:
        return (
            f'<m:SendItem SaveItemToFolder="true"><m:ItemIds><t:ItemId Id="{item_id}" '
            f'ChangeKey="{change_key}"/></m:ItemIds><m:SavedItemFolderId>'
            f"{self.place('sentitems', sender)}</m:SavedItemFolderId></m:SendItem>"
        )

    def find_item(
        self, folder: str, address: str | None = None, *, restriction: str = "", properties: str = ""
    ) -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        return (
            f'<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{more}'
            '</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="100" Offset="0" BasePoint="Beginning"/>'
            f"{self.limits(restriction)}<m:ParentFolderIds>{self.place(folder, address)}</m:ParentFolderIds>"
            "</m:FindItem>"
        )

    def sync_items(
        self,
        address: str | None = None,
        state: str = "",
        *,
        folder: str = "sentitems",
        properties: str = "",
        limit: int = 512,
    ) -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        known = f"<m:SyncState>{state}</m:SyncState>" if state else ""
        return (
            f"<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{more}</m:ItemShape>"
            f"<m:SyncFolderId>{self.place(folder, address)}</m:SyncFolderId>{known}"
            f"<m:MaxChangesReturned>{limit}</m:MaxChangesReturned></m:SyncFolderItems>"
        )

    @staticmethod
    def limits(restriction: str) -> str:
        return f"<m:Restriction>{restriction}</m:Restriction>" if restriction else ""

    @staticmethod
    def has(
        text: str,
        *,
        field: str = "item:Subject",
        mode: str = "Substring",
        comparison: str = "IgnoreCaseAndNonSpacingCharacters",
    ) -> str:
        """Let through what has `text` in a field."""
        return (
            f'<t:Contains ContainmentMode="{mode}" ContainmentComparison="{comparison}">'
            f'<t:FieldURI FieldURI="{field}"/><t:Constant Value="{text}"/></t:Contains>'
        )

    @staticmethod
    def since(moment: str) -> str:
        return (
            '<t:IsGreaterThanOrEqualTo><t:FieldURI FieldURI="item:DateTimeSent"/><t:FieldURIOrConstant>'
            f'<t:Constant Value="{moment}"/></t:FieldURIOrConstant></t:IsGreaterThanOrEqualTo>'
        )

    @staticmethod
    def fields(*names: str) -> str:
        return "".join(f'<t:FieldURI FieldURI="{name}"/>' for name in names)

    @staticmethod
    def delegates(address: str, *only: str, permissions: bool = True) -> str:
        ids = "".join(
            f"<t:UserId><t:PrimarySmtpAddress>{one}</t:PrimarySmtpAddress></t:UserId>" for one in only
        )
        return (
            f'<m:GetDelegate IncludePermissions="{str(permissions).lower()}"><m:Mailbox>'
            f"<t:EmailAddress>{address}</t:EmailAddress></m:Mailbox>"
            f"{f'<m:UserIds>{ids}</m:UserIds>' if ids else ''}</m:GetDelegate>"
        )

    @staticmethod
    def expand(address: str) -> str:
        return f"<m:ExpandDL><m:Mailbox><t:EmailAddress>{address}</t:EmailAddress></m:Mailbox></m:ExpandDL>"

    @staticmethod
    def resolve(entry: str, *, scope: str = "ActiveDirectory", full: bool = False) -> str:
        return (
            f'<m:ResolveNames ReturnFullContactData="{str(full).lower()}" SearchScope="{scope}">'
            f"<m:UnresolvedEntry>{entry}</m:UnresolvedEntry></m:ResolveNames>"
        )

    def options(
        self,
        address: str | None = None,
        *,
        name: str = "OWA.UserOptions",
        folder: str = "root",
        parts: str = "Dictionary",
    ) -> str:
        return (
            f'<m:GetUserConfiguration><m:UserConfigurationName Name="{name}">'
            f"{self.place(folder, address)}</m:UserConfigurationName>"
            f"<m:UserConfigurationProperties>{parts}</m:UserConfigurationProperties>"
            "</m:GetUserConfiguration>"
        )

    def with_key(self, key: str) -> str:
        return (
            f'<t:IsEqualTo>{self.KEY}<t:FieldURIOrConstant><t:Constant Value="{key}"/>'
            "</t:FieldURIOrConstant></t:IsEqualTo>"
        )

    def calendar_view(self, address: str, start: str, end: str, properties: str) -> str:
        return (
            '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
            f"<t:AdditionalProperties>{properties}</t:AdditionalProperties></m:ItemShape>"
            f'<m:CalendarView StartDate="{start}" EndDate="{end}"/><m:ParentFolderIds>'
            f"{self.place('calendar', address)}</m:ParentFolderIds></m:FindItem>"
        )

    @staticmethod
    def get_item(item_id: str, properties: str = "", *, mime: bool = False) -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        include = "<t:IncludeMimeContent>true</t:IncludeMimeContent>" if mime else ""
        return (
            f"<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{include}{more}</m:ItemShape>"
            f'<m:ItemIds><t:ItemId Id="{item_id}"/></m:ItemIds></m:GetItem>'
        )

    @staticmethod
    def delete(item_id: str) -> str:
        return (
            f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="{item_id}"/></m:ItemIds>'
            "</m:DeleteItem>"
        )
